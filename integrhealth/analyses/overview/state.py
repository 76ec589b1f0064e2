"""The verdict of the front page: one word for the state of the integrations, and the one sentence that says why."""

from typing import NamedTuple

import polars as pl

from integrhealth.language.thresholds import STRAINED_CRITICAL, VERDICT_NAME_WORDS
from integrhealth.language.wording import counted

FRAGILE, STRAINED, SOUND, CANNOT_TELL = "fragile", "strained", "sound", "cannot tell"
DEBT = "debt"
LADDER, ALONE, AUDIT = ("dependency_fragility", "unstable_level"), ("dependency_fragility", "single_point"), "audit"


class State(NamedTuple):
    """A ``word``, the sentence ``why``, and the ``report`` and ``rule`` whose section shows it."""

    word: str
    why: str
    report: str
    rule: str | None = None

    def page(self, pages: str = ".html") -> str:
        """That section, in the file beside the front page that ends in `pages`; only pages have an anchor per rule."""
        return f"{self.report}{pages}" + (f"#rule-{self.rule}" if self.rule and pages == ".html" else "")


def state(levels: pl.DataFrame, findings: pl.DataFrame, debt: pl.DataFrame | None = None) -> State:
    """One word for the state of the integrations, by the first rule that holds, and why.

    Fragile: the lowest level that there is is not stable, a level is a house of cards, or it is critical that nothing
    replaces a system. Strained: a higher level is not stable, three findings or more are critical, or the audit says
    debt. Cannot tell: nothing says what stands on what, or the lowest level has too little data. Sound: else. `levels`
    is the table of that name, foundation first; `debt` that of the audit, where it is among the reports.

    >>> reports = {"dependency_fragility": ih.dependency_fragility.report(evidence)}
    >>> ih.overview.state(ih.overview.levels(reports), reports["dependency_fragility"].findings)[:2]
    ('fragile', 'Foundation is not stable.')
    """
    there = levels.filter(pl.col("verdict") != "absent").select("level", "verdict").rows()
    critical = findings.filter(pl.col("severity") == "critical")
    return _fragile(there, critical) or _strained(there, critical, debt) or _calm(there, critical)


def _fragile(there: list[tuple[str, str]], critical: pl.DataFrame) -> State | None:
    """That what everything stands on does not hold; None where it does or nobody knows."""
    houses = [level for level, verdict in there if verdict == "house of cards"]
    alone = critical.filter(pl.col("rule") == ALONE[1])["subject"].to_list()
    if there and there[0][1] == "unstable":
        return State(FRAGILE, f"{there[0][0].capitalize()} is not stable.", *LADDER)
    if houses:
        return State(FRAGILE, f"{houses[0].capitalize()} is a house of cards.", *LADDER)
    if alone:
        others = f", nor {counted(len(alone) - 1, 'other')}" if alone[1:] else ""
        return State(FRAGILE, f"Nothing replaces {_beginning(alone[0])}{others}, and it fails too often.", *ALONE)
    return None


def _strained(there: list[tuple[str, str]], critical: pl.DataFrame, debt: pl.DataFrame | None) -> State | None:
    """That the whole is not well although what it stands on may hold; None where it is, or nobody knows."""
    shaky = [level for level, verdict in there if verdict == "unstable"]
    owing = pl.Series() if debt is None else debt.filter(pl.col("verdict") == DEBT)["open_questions"]
    if shaky:
        return State(STRAINED, f"{shaky[0].capitalize()} is not stable.", *LADDER)
    if critical.height >= STRAINED_CRITICAL:
        worst = critical.select("report", "rule").row(0)
        return State(STRAINED, f"{counted(critical.height, 'finding')} are critical.", *worst)
    if len(owing):
        return State(STRAINED, f"{counted(owing[0], 'question')} of the audit are open.", AUDIT)
    return None


def _calm(there: list[tuple[str, str]], critical: pl.DataFrame) -> State:
    """That all is well as far as it is known, or that it is not known."""
    if not there:
        return State(CANNOT_TELL, "Nothing says what stands on what.", LADDER[0])
    if there[0][1] != "stable":
        return State(CANNOT_TELL, f"Too little is known of {there[0][0]}.", *LADDER)
    whole = all(verdict == "stable" for _, verdict in there)
    said = "Every level is stable" if whole else "What is known is stable"
    still = f"; {counted(critical.height, 'finding')} critical" if critical.height else ""
    return State(SOUND, f"{said}{still}.", *LADDER)


def owed(debt: pl.DataFrame | None, currency: str | None = None) -> str | None:
    """The integration debt in one short sentence; None where there is none, or nobody asked.

    >>> debt = pl.DataFrame({"open_questions": [5], "verdict": ["debt"], "yearly_interest": [12345.6]})
    >>> ih.overview.owed(debt, "EUR")
    'Debt: 5 audit questions open, 12,346 EUR a year.'
    """
    rows = [] if debt is None else debt.filter(pl.col("verdict") == DEBT).to_dicts()
    if not rows:
        return None
    interest = rows[0]["yearly_interest"]
    yearly = "" if interest is None else f", {interest:,.0f}{f' {_beginning(currency)}' if currency else ''} a year"
    return f"Debt: {counted(rows[0]['open_questions'], 'audit question')} open{yearly}."


def _beginning(name: str) -> str:
    """A name as it is, or its first words: a verdict has no room for one that does not end."""
    words = name.split()
    return " ".join(words) if len(words) <= VERDICT_NAME_WORDS else " ".join(words[:VERDICT_NAME_WORDS]) + "…"
