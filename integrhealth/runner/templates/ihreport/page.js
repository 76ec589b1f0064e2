"use strict";
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const figures = [...document.querySelectorAll(".ih-chart")];

  // The page knows the paper, so it gives the ink; the colours that carry meaning are the chart's own.
  function inked(config) {
    const [ink, soft, line] = dark.matches ? ["#e4e8ec", "#9ba5b0", "#343b44"] : ["#1c2128", "#57606a", "#d8dee4"];
    const labels = { labelColor: soft, titleColor: soft };
    const added = {
      axis: { ...labels, domainColor: line, tickColor: line, gridColor: line },
      legend: labels,
      header: labels,
      title: { color: ink, subtitleColor: soft },
      text: { color: ink },
      rule: { color: soft },
    };
    const merged = { ...config, background: "transparent" };
    for (const [part, values] of Object.entries(added)) merged[part] = { ...values, ...(config || {})[part] };
    return merged;
  }

  // On a narrow page a title goes over several lines instead of being cut.
  function wrapped(title, room) {
    if (!title || typeof title !== "object") return title;
    const lines = (text, size) => {
      const found = [""];
      for (const word of String([].concat(text || []).join(" ")).split(" ")) {
        const longer = (found.at(-1) + " " + word).trim();
        if (longer.length * size * 0.62 > room) found.push(word);
        else found[found.length - 1] = longer;
      }
      return found;
    };
    return { ...title, text: lines(title.text, 16), subtitle: lines(title.subtitle, 12) };
  }

  // A single chart wider than the page is drawn again as much narrower as it stood out; others scroll in their figure.
  function fitted(spec, excess) {
    if (typeof spec.width !== "number") return null;
    if (["hconcat", "vconcat", "concat", "facet", "repeat"].some((part) => part in spec)) return null;
    return { ...spec, width: Math.max(spec.width - excess, 120) };
  }

  // A list whose order is a scale becomes a slider that shows what it stands on; the list goes on doing the work.
  function slidden(figure, name) {
    const list = [...figure.querySelectorAll("select")].find((each) => each.name === name);
    if (!list) return;
    const [slider, shown] = [document.createElement("input"), document.createElement("output")];
    Object.assign(slider, { type: "range", min: 0, max: list.options.length - 1, step: 1, value: list.selectedIndex });
    slider.setAttribute("aria-label", list.parentElement.textContent.split(":")[0]);
    const say = () => {
      const words = list.options[list.selectedIndex].text;
      shown.textContent = words;
      slider.setAttribute("aria-valuetext", words);
    };
    slider.addEventListener("input", () => {
      list.selectedIndex = Number(slider.value);
      list.dispatchEvent(new Event("change"));
      say();
    });
    say();
    list.hidden = true;
    list.after(slider, shown);
  }

  async function draw(figure) {
    const target = figure.querySelector(".ih-live");
    const spec = JSON.parse(figure.querySelector("script").textContent);
    delete spec.$schema;
    spec.config = inked(spec.config);
    const room = figure.clientWidth;
    spec.config.axis.labelLimit = Math.min(spec.config.axis.labelLimit || 180, Math.round(room * 0.35));
    if (room < 480) {
      spec.title = wrapped(spec.title, room);
      spec.config.title.frame = "bounds";
      spec.config.legend = { columns: 2, ...spec.config.legend, orient: "bottom" };
    }
    const options = {
      mode: "vega-lite", renderer: "svg", actions: false,
      tooltip: { theme: dark.matches ? "dark" : "light" },
    };
    try {
      let drawn = await vegaEmbed(target, spec, options);
      const excess = Math.ceil(target.querySelector("svg").getBoundingClientRect().width - room);
      const narrower = excess > 0 && fitted(spec, excess);
      if (narrower) {
        drawn.finalize();
        drawn = await vegaEmbed(target, narrower, options);
      }
      for (const name of spec.usermeta?.integrhealth?.sliders || []) slidden(figure, name);
      figure.dataset.state = "live";
    } catch (error) {
      target.textContent = "This chart could not be drawn: " + error.message;
      figure.dataset.state = "failed";
    }
  }

  const drawAll = () => Promise.all(figures.map(draw));
  let later;
  let width = innerWidth;
  dark.addEventListener("change", drawAll);
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    clearTimeout(later);
    later = setTimeout(drawAll, 200);
  });
  drawAll();

  // What is folded opens when a link leads to it.
  const unfold = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.tagName === "DETAILS") target.open = true;
  };
  addEventListener("hashchange", unfold);
  unfold();

  const button = document.getElementById("ih-code");
  button.addEventListener("click", () => {
    const shown = document.body.classList.toggle("ih-show-code");
    button.setAttribute("aria-pressed", String(shown));
    button.textContent = shown ? "Hide code" : "Show code";
  });
})();
