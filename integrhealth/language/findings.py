"""What a finding is, how severe it is, how findings are ranked, and what changed since the last run."""

from collections.abc import Iterable

import polars as pl

from integrhealth.language.report_tables import FINDING, SEVERITIES
from integrhealth.language.safe_text import visible_and_cut
from integrhealth.language.schema import TEXT
from integrhealth.language.statistics import TAIL, holm

SAME = ("report", "rule", "subject")
CHANGES = dict.fromkeys((*SAME, "change"), TEXT)
LONGEST_TEXT = 500


def no_findings() -> pl.DataFrame:
    """A findings frame without rows."""
    return pl.DataFrame(schema=FINDING)


def findings(report: str, rule: str, rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` as findings of one rule: one row per finding.

    `rows` brings at least subject, severity, statement and ask; whatever else of the finding's columns it lacks
    becomes null. `rule` is a stable word such as ``single_point``. Names come from logs: what would act in them on a
    terminal or a page is replaced, and no text is longer than 500 characters.
    """
    if rows.is_empty():
        return no_findings()
    labelled = rows.with_columns(report=pl.lit(report), rule=pl.lit(rule))
    absent = [pl.lit(None, dtype).alias(column) for column, dtype in FINDING.items() if column not in labelled.columns]
    complete = labelled.with_columns(absent).select(*FINDING).cast(FINDING)
    return complete.with_columns(visible_and_cut(pl.col(pl.String), LONGEST_TEXT))


def severity(*, warning: pl.Expr, critical: pl.Expr | None = None) -> pl.Expr:
    """Critical: certainly beyond the critical threshold; warning: certainly beyond the warning threshold; note: else.

    `warning` and `critical` are the p-values of "this lies beyond the threshold", of every subject that the rule
    tested, in one frame: they are the family for which the 2.5% hold that a 95% interval leaves out on its side
    (Holm). So first say how severe, then leave out what lies beyond nothing. Of one subject it is certain where its
    whole interval lies beyond. Null: not tested, a note.
    """
    certain = pl.when(holm(warning) <= TAIL).then(pl.lit("warning")).otherwise(pl.lit("note"))
    return certain if critical is None else pl.when(holm(critical) <= TAIL).then(pl.lit("critical")).otherwise(certain)


def system_owners(declared: pl.DataFrame) -> pl.DataFrame:
    """system, owner (else its team) of the systems `declared` in the catalog; each once, those without one left out."""
    return _once(declared.select("system", owner=pl.coalesce("owner", "team")), "system")


def integration_owners(declared: pl.DataFrame) -> pl.DataFrame:
    """integration, owner of the integrations `declared` in the catalog; each once, those without one left out."""
    return _once(declared.select("integration", "owner"), "integration")


def _once(owned: pl.DataFrame, subject: str) -> pl.DataFrame:
    return owned.drop_nulls().unique(subject, keep="first", maintain_order=True)


def written(count: pl.Expr) -> pl.Expr:
    """A count as people write it: 1,234,567."""
    thousands, rest = count // 1000, (count % 1000).cast(pl.String).str.zfill(3)
    millions, middle = count // 1_000_000, (thousands % 1000).cast(pl.String).str.zfill(3)
    return (
        pl.when(count >= 1_000_000)
        .then(pl.format("{},{},{}", millions, middle, rest))
        .when(count >= 1000)
        .then(pl.format("{},{}", thousands, rest))
        .otherwise(count.cast(pl.String))
    )


def ranked(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """All findings, worst first: by severity, then cost, then reach (n), then name."""
    everything = pl.concat([no_findings(), *frames])
    order = pl.col("severity").replace_strict(SEVERITIES, range(len(SEVERITIES)), return_dtype=pl.Int8)
    return everything.sort(
        order,
        pl.col("cost").fill_null(0.0),
        pl.col("n").fill_null(0),
        *SAME,
        descending=[False, True, True, False, False, False],
    )


def changes(now: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """One row per finding of either run: new, open (in both) or gone; the same means same report, rule, subject."""
    current, previous = now.select(SAME).unique(), before.select(SAME).unique()
    parts = [
        current.join(previous, on=SAME, how="anti").with_columns(change=pl.lit("new")),
        current.join(previous, on=SAME, how="semi").with_columns(change=pl.lit("open")),
        previous.join(current, on=SAME, how="anti").with_columns(change=pl.lit("gone")),
    ]
    return pl.concat([pl.DataFrame(schema=CHANGES), *parts]).sort("change", *SAME)
