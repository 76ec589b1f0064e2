"""What only people can answer of the audit, as a table to fill in, and the answers as a part of the catalog."""

import json
import re
from typing import Any

import polars as pl

from integrhealth.analyses.audit.asked import ASKED
from integrhealth.analyses.audit.five_questions.problem_sentences import QUESTION
from integrhealth.language.practices import PRACTICES
from integrhealth.language.safe_text import escaped, formula_restored, no_formula, visible_and_cut
from integrhealth.language.schema import COUNT, TEXT

AUDIT, COMPANY, INTEGRATIONS = "audit", "practices", "integrations"
# What is asked of an integration: the key of the catalog, the question of the audit it belongs to, what is lacking
# where it is asked, and the words.
OF_INTEGRATIONS = (
    ("problem", 1, "problem", f"{QUESTION} One sentence."),
    ("beneficiary", 2, "beneficiary", "Whose work becomes better? Name them, and in `on` the day of the interview."),
    ("decision", 2, "decision", "Which decision does it enable?"),
    ("owner", 3, "owner", "Which person investigates when data is wrong?"),
    ("success_metric", 13, "success metric", "Which metric will improve? Add by how much and by when to the catalog."),
)
# The question that rotation and celebrations belong to: whether the teams talk.
TOGETHER = 14
FILLED_IN = ("answer", "teams", "by", "on")
TEXT_LENGTH = 200
# The keys of the catalog that hold a day, and how one is written.
DAYS = ("on", "interviewed_on", "declared_on")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def questionnaire(sheet: pl.DataFrame, claims: pl.DataFrame, practices: pl.DataFrame) -> pl.DataFrame:
    """One row per question to people: the fourteen of the audit, what brings them together, then each integration.

    `sheet` is the table ``five_questions``, whose gaps are asked; `claims` and `practices` are the ``audit`` of the
    catalog and the table of that name, of which the last word is shown. ``answer``, ``teams``, ``by`` and ``on`` are
    empty, to be filled in; ``as_catalog`` makes a part of the catalog of them.
    """
    latest = claims.sort("on", maintain_order=True, nulls_last=False).unique("question", keep="last")
    claimed = latest.select("question", claimed=_said(pl.col("answer")))
    audit = (
        pl.DataFrame({"question": list(ASKED), "asks": list(ASKED.values())}, schema={"question": COUNT, "asks": TEXT})
        .join(claimed, on="question", how="left", maintain_order="left")
        .with_columns(section=pl.lit(AUDIT), key=pl.lit("answer"))
    )
    last = practices.unique("kind", keep="first", maintain_order=True)
    together = (
        pl.DataFrame({"subject": list(PRACTICES), "asks": list(PRACTICES.values())})
        .join(
            last.select(subject="kind", claimed=_said(pl.col("practice"))),
            on="subject",
            how="left",
            maintain_order="left",
        )
        .with_columns(section=pl.lit(COMPANY), key=pl.lit("name"), question=pl.lit(TOGETHER, COUNT))
    )
    gaps = [
        sheet.with_row_index("place")
        .filter(pl.col("lacking").list.contains(lacking))
        .select(
            "place",
            subject="integration",
            question=pl.lit(number, COUNT),
            key=pl.lit(key),
            asks=pl.lit(words),
            claimed=pl.lit(None, TEXT) if key != "problem" else pl.col("problem"),
        )
        for key, number, lacking, words in OF_INTEGRATIONS
    ]
    asked = pl.concat(gaps).sort("place", "question", "key").with_columns(section=pl.lit(INTEGRATIONS)).drop("place")
    return pl.concat([audit, together, asked], how="diagonal").select(
        "section",
        "question",
        subject=no_formula(pl.col("subject")),
        key="key",
        asks="asks",
        claimed=no_formula(visible_and_cut(pl.col("claimed"), TEXT_LENGTH)),
        **{column: pl.lit(None, TEXT) for column in FILLED_IN},
    )


def _said(word: pl.Expr) -> pl.Expr:
    """A word with who said it and when, as far as the catalog says."""
    by = pl.format(", {}", "by").fill_null("")
    return pl.concat_str(word, by, pl.format(", {}", pl.col("on").dt.to_string("%Y-%m-%d")).fill_null(""))


def as_catalog(asked: pl.DataFrame) -> str:
    """The rows of ``questionnaire`` that are filled in, as lines for ``catalog.yaml``; what has no answer is left out.

    Each list goes under the key of that name; what is said of an integration goes into the entry of its name. What a
    catalog would not take, such as a day that is none, stands there as written, and reading the catalog says so.
    """
    rows = asked.with_columns(formula_restored(pl.col("subject"))).to_dicts()
    answered = [row | {"answer": row["answer"].strip()} for row in rows if (row["answer"] or "").strip()]
    audit = [
        _entry({"question": row["question"], "answer": row["answer"].lower()} | _signed(row))
        for row in answered
        if row["section"] == AUDIT
    ]
    together = [
        _entry({"name": row["answer"], "kind": row["subject"], "teams": _words(row["teams"])} | _signed(row))
        for row in answered
        if row["section"] == COMPANY
    ]
    entries: dict[str, dict[str, Any]] = {}
    for row in answered:
        if row["section"] == INTEGRATIONS:
            entries.setdefault(row["subject"], {"name": row["subject"]})[row["key"]] = _answer(row)
    parts = {AUDIT: audit, COMPANY: together, INTEGRATIONS: [_entry(entry) for entry in entries.values()]}
    lines = [line for section, listed in parts.items() if listed for line in (f"{section}:", *listed)]
    return "\n".join([*lines, ""]) if lines else ""


def _answer(row: dict[str, Any]) -> Any:
    dated = {"beneficiary": ("who", "interviewed_on"), "success_metric": ("name", "declared_on")}
    if row["key"] not in dated:
        return row["answer"]
    name, day = dated[row["key"]]
    return {name: row["answer"], day: row["on"]}


def _signed(row: dict[str, Any]) -> dict[str, Any]:
    return {"by": row["by"], "on": row["on"]}


def _words(text: str | None) -> list[str]:
    return [each.strip() for each in (text or "").split(";") if each.strip()]


def _entry(values: dict[str, Any]) -> str:
    return f"  - {_written(values)}"


def _written(value: Any, key: str = "") -> str:
    """JSON, which is YAML too, but for days, which YAML takes without quotes."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {_written(each, name)}' for name, each in value.items() if each)}}}"
    if key in DAYS and DAY.fullmatch(str(value).strip()):
        return str(value).strip()
    return escaped(json.dumps(value, ensure_ascii=False))
