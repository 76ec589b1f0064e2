"""Which findings the front page has room for, and in how many words."""

from collections.abc import Iterable

import polars as pl

from integrhealth.language.thresholds import (
    FRONT_PAGE_FINDINGS,
    FRONT_PAGE_FRAME,
    FRONT_PAGE_LADDER,
    FRONT_PAGE_MAP,
    FRONT_PAGE_SENTENCES,
    FRONT_PAGE_SHORTER,
    FRONT_PAGE_WORDS,
)

# How a sentence ends that is cut at a comma, and the words that it keeps at least: those before an earlier comma are
# no sentence ("For order to cash, no way ..."). Before a colon or a stop stand three words at least.
CUT = {"statement": (".", 5), "ask": ("?", 4), "owner": ("", 2)}
BEFORE_STOP = 3


def worst(
    findings: pl.DataFrame,
    *,
    besides: Iterable[str | None] = (),
    ladder: pl.DataFrame | None = None,
    lines: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The findings of the front page, worst first: the worst of each rule, five at most, in the page's budget of words.

    ``more`` counts the further warnings of the same report and rule, so that ten systems with one fault take one line.
    `besides` are the other sentences of the page, `ladder` the levels and `lines` the map drawn on it: what they take
    is not left for findings. Where not all fit, their sentences end at an earlier comma, and overlong names lose their
    middle, so that no name can keep its finding from the page; each sentence is whole in the report.

    >>> findings = ih.overview.report(ih.all_reports(evidence)).findings
    >>> ih.overview.worst(findings).select("report", "rule", "more").head(2).rows()
    [('reconciliation', 'documents_unbalanced', 6), ('report_overload', 'flood', 0)]
    """
    urgent = findings.filter(pl.col("severity") != "note").with_columns(more=pl.len().over("report", "rule") - 1)
    leaders = urgent.unique(["report", "rule"], keep="first", maintain_order=True).head(FRONT_PAGE_FINDINGS)
    left = FRONT_PAGE_WORDS - FRONT_PAGE_FRAME - sum(len(text.split()) for text in besides if text)
    left -= 0 if ladder is None or ladder.is_empty() else _ladder_words(ladder)
    left -= 0 if lines is None or lines.is_empty() else FRONT_PAGE_MAP
    for part in FRONT_PAGE_SHORTER:
        shown = leaders.with_columns(_short(text, part) for text in FRONT_PAGE_SENTENCES)
        fits = shown.filter(_words().cum_sum() <= left)
        if fits.height == leaders.height:
            break
    return fits


def _words() -> pl.Expr:
    """How many words a finding takes on the page."""
    said = pl.concat_str("severity", "statement", "ask", pl.col("owner").fill_null("nobody named"), separator=" ")
    return said.str.count_matches(r"\S+") + pl.when(pl.col("more") > 0).then(2).otherwise(0)


def _ladder_words(ladder: pl.DataFrame) -> int:
    """What is read on the ladder: its title, that it is a chart, and of each level name, verdict and one number."""
    rungs = ladder.select(pl.concat_str("level", "verdict", separator=" ").str.count_matches(r"\S+") + 1)
    return FRONT_PAGE_LADDER + rungs.to_series().sum()


def _short(column: str, part: float) -> pl.Expr:
    """A text in about that `part` of the words that it may have: whole where it has so few, else cut where it can end.

    That is its first colon or stop; where that comes late, its last comma in time; where there is neither, the first
    stop or comma at all. A text that has none is whole, unless it has more words than any may: it loses its middle.
    """
    longest, (end, least) = FRONT_PAGE_SENTENCES[column], CUT[column]
    most = int(longest * part)
    text, words = pl.col(column), pl.col(column).str.extract_all(r"\S+").list
    stop, comma = _begun(text, BEFORE_STOP, longest, "[;:.?]"), _begun(text, least, longest, ",")
    in_time = _begun(text, least, max(most, least), ",", last=True)
    early = pl.when(stop.str.count_matches(r"\S+") <= most).then(stop)
    cut = pl.coalesce(early, in_time, stop, comma).str.replace(r"\s*\([^)]*$", "") + end
    whole = pl.when(words.len() <= longest).then(text).otherwise(_without_middle(words, most))
    return pl.when(words.len() <= most).then(text).otherwise(pl.coalesce(cut, whole)).alias(column)


def _begun(text: pl.Expr, least: int, most: int, mark: str, *, last: bool = False) -> pl.Expr:
    """The beginning of so many words up to the first, or the `last`, of such marks; null where there is none."""
    few = "" if last else "?"
    return text.str.extract(rf"^(\S+{few}(?:\s+\S+{few}){{{least - 1},{most - 1}}}{few}){mark}\s")


def _without_middle(words: pl.Expr, most: int) -> pl.Expr:
    """The first two thirds of so many words and, as figures stand at the end, the last third."""
    first, last = most - 1 - most // 3, most // 3
    parts = [words.head(first).list.join(" "), pl.lit("…"), words.tail(last).list.join(" ")]
    return pl.concat_str(parts, separator=" ")
