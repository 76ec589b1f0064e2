"""What the front page says where no messages were read: what logs and metrics tell by themselves."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.language.log_lines import errors
from integrhealth.language.masking import cut
from integrhealth.language.measured import SERIES, longest_pause, readings
from integrhealth.language.period import period
from integrhealth.language.wording import counted

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence

MINUTE = "%Y-%m-%d %H:%M"
# Letters and words of an error and words of a name that the page has room for (own), and how many usual steps make a
# pause worth a word (own).
LONGEST_ERROR, ERROR_WORDS, NAME_WORDS, PAUSED = 50, 6, 2, 3


def logs_and_metrics(evidence: "Evidence") -> str | None:
    """How many log lines and samples of metrics there are, of which systems and time, and what stands out in them.

    Sentences without a beginning, for after "no messages, but"; None where there are neither.
    """
    said = [_logs(evidence.logs), _metrics(evidence.metrics)]
    return " And ".join(sentence for sentence in said if sentence) or None


def _logs(logs: pl.DataFrame) -> str | None:
    if logs.is_empty():
        return None
    lines = f"{counted(logs.height, 'log line')} of {_covered(logs)}"
    return f"{lines}: {_errors(logs)}. See error propagation, what the logs say."


def _errors(logs: pl.DataFrame) -> str:
    """How many errors there are, of which the commonest and those of the worst hour are told."""
    failing = errors(logs)
    if failing.is_empty():
        levels = logs["level"].count()
        which = "none" if levels == logs.height else f"none of the {levels:,} with a level"
        return f"{which} is an error" if levels else "none says its level"
    kind = _most(failing, "system", "text")
    hour = _most(failing.select(hour=pl.col("time").dt.truncate("1h")), "hour")
    text = _beginning(pl.select(cut(pl.lit(kind["text"] or "no text"), LONGEST_ERROR)).item(), ERROR_WORDS)
    system = _beginning(kind["system"], NAME_WORDS)
    if failing.height == 1:
        return f"1 error, '{text}' in {system}, at {failing['time'][0]:{MINUTE}}"
    return (
        f"{failing.height:,} errors, {kind['len']:,} of them '{text}' in {system}, "
        f"{hour['len']:,} in the hour from {hour['hour']:{MINUTE}}"
    )


def _metrics(metrics: pl.DataFrame) -> str | None:
    if metrics.is_empty():
        return None
    paused = readings(metrics).group_by(SERIES).agg(times=longest_pause()).drop_nulls("times")
    paused = paused.sort("times", *SERIES, descending=[True, *[False] * len(SERIES)]).head(1)
    said = "".join(
        f"; {_beginning(row['metric'], NAME_WORDS)} of {_beginning(row['system'], NAME_WORDS)} pauses for up to "
        f"{row['times']:,.0f} times its usual step"
        for row in paused.filter(pl.col("times") >= PAUSED).iter_rows(named=True)
    )
    series = f"{metrics.select(SERIES).n_unique():,} series"
    return (
        f"{counted(metrics.height, 'sample')} in {series} of metrics of {_covered(metrics)}{said}. "
        "See latency, what was measured."
    )


def _beginning(text: str, most: int) -> str:
    """A text as it is, or its first `most` words."""
    words = text.split()
    return text if len(words) <= most else " ".join(words[:most]) + "…"


def _most(rows: pl.DataFrame, *columns: str) -> dict:
    """The commonest values of the columns with their count, the least of those that are equally common."""
    counted = rows.group_by(columns).len()
    return counted.sort("len", *columns, descending=[True, *[False] * len(columns)]).row(0, named=True)


def _covered(rows: pl.DataFrame) -> str:
    first, last = period(rows["time"])
    return f"{counted(rows['system'].n_unique(), 'system')} from {first:{MINUTE}} to {last:{MINUTE}}"
