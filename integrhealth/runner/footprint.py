"""What a page asks of its reader: words, charts, tables and minutes, counted from the finished page.

The kit that counts the reports of others states its own.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from typing import Any

from integrhealth.language.thresholds import FIRST_CHART_SECONDS, LEAST_CHART_SECONDS, READING_WPM
from integrhealth.language.wording import counted

WORD = re.compile(r"\S*\w\S*")
# What a browser does not show: code until somebody asks for it, and the way past the navigation.
UNSEEN_TAGS, UNSEEN_CLASSES = {"head", "style", "noscript"}, {"ih-code", "ih-skip"}
COUNTED = {"table": "tables", "img": "charts"}
# Elements without an end.
VOID = {"br", "hr", "img", "input", "link", "meta", "wbr"}


@dataclass(frozen=True)
class Footprint:
    """Words, charts (pictures too) and tables that a page shows at once, and in ``folded`` those it folds away."""

    words: int = 0
    charts: int = 0
    tables: int = 0
    folded: "Footprint | None" = None

    @property
    def minutes(self) -> float:
        """Time to read what is shown at once: 238 words a minute, and 12 seconds for a chart, later ones down to 3."""
        seconds = sum(max(FIRST_CHART_SECONDS - before, LEAST_CHART_SECONDS) for before in range(self.charts))
        return self.words / READING_WPM + seconds / 60

    @property
    def sentence(self) -> str:
        """What the foot of the page says."""
        folded = f"; folded away: {self.folded._counts()}" if self.folded else ""
        return f"{self._counts()}: {self.minutes:.1f} min to read{folded}"

    def _counts(self) -> str:
        counts = {"word": self.words, "chart": self.charts, "table": self.tables}
        return ", ".join(counted(count, thing) for thing, count in counts.items() if count or thing == "word")

    def stated(self) -> "Footprint":
        """The footprint of the same page once its own sentence, whose numbers are words too, stands on it."""
        return replace(self, words=self.words + words(self.sentence))


def words(text: str) -> int:
    """How many words a text has: whatever stands between blanks and holds a letter or a digit."""
    return len(WORD.findall(text))


def footprint(html: str) -> Footprint:
    """What `html` shows: every word in it, each number of a table being one, and of a chart its title and subtitle.

    The marks and labels of a chart are looked at in its seconds. Code is hidden and not counted; what is in closed
    details is counted apart, but for the line that opens them. A chart that is only a sentence is no chart.
    """
    reader = _Reader()
    reader.feed(html)
    reader.close()
    folded = Footprint(**reader.folded) if reader.folded.total() else None
    return Footprint(**reader.shown, folded=folded)


@dataclass(frozen=True)
class _Element:
    """An element that is open: whether nobody sees what is in it, and whether that is folded."""

    tag: str
    unseen: bool
    folds: bool
    kind: str | None


class _Reader(HTMLParser):
    """Goes through a page as a reader does, and counts."""

    def __init__(self) -> None:
        super().__init__()
        self.shown, self.folded = Counter(), Counter()
        self.within: list[_Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in COUNTED:
            self._count(COUNTED[tag], 1)
        if tag not in VOID:
            unseen = tag in UNSEEN_TAGS or not UNSEEN_CLASSES.isdisjoint((given.get("class") or "").split())
            self.within.append(_Element(tag, unseen, tag == "details" and "open" not in given, given.get("type")))

    def handle_endtag(self, tag: str) -> None:
        begun = [place for place, element in enumerate(self.within) if element.tag == tag]
        if begun:
            del self.within[begun[-1] :]

    def handle_data(self, data: str) -> None:
        if not self.within or self.within[-1].tag != "script":
            self._count("words", words(data))
        elif self.within[-1].kind == "application/json" and (spec := _object(data)) is not None:
            self._chart(spec)

    def _chart(self, spec: dict[str, Any]) -> None:
        title = spec.get("title") or {}
        parts = [title.get("text"), title.get("subtitle")] if isinstance(title, dict) else [title]
        said = " ".join(str(line) for part in parts for line in (part if isinstance(part, list) else [part]) if line)
        sentence = spec.get("description") if not said else None
        self._count("words", words(said or sentence or ""))
        if not sentence:
            self._count("charts", 1)

    def _count(self, kind: str, count: int) -> None:
        if any(element.unseen for element in self.within) or not count:
            return
        inside = [place for place, element in enumerate(self.within, start=1) if element.folds]
        # The line that opens the outermost details is there to be read.
        opener = inside and [element.tag for element in self.within[inside[0] :][:1]] == ["summary"]
        (self.folded if inside and not opener else self.shown)[kind] += count


def _object(text: str) -> dict[str, Any] | None:
    """The JSON object in `text`; None where the HTML of a notebook of one's own holds something else in its script."""
    try:
        held = json.loads(text)
    except ValueError:
        return None
    return held if isinstance(held, dict) else None
