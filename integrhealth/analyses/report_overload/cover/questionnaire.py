"""What only people know of a report, as a table to fill in and hand back: which decision it is for."""

import json

import polars as pl

from integrhealth.analyses.report_overload.folders import IN_A_FOLDER
from integrhealth.language.safe_text import escaped, formula_restored, no_formula, visible, visible_and_cut
from integrhealth.language.schema import COUNT, TEXT

# Readers that are named; of the others only how many there are.
NAMED = 5
NAME_LENGTH = 200
QUESTION = "Which decision does {} serve? Write it into decisions, several with ; between, or the word none."


def questionnaire(judged: pl.DataFrame, streams: pl.DataFrame, stock: pl.DataFrame) -> pl.DataFrame:
    """One row per report that nobody said the purpose of, the one that costs the most attention first.

    `judged` is the table ``reports``, `streams` the rows of ``audience``, `stock` the inventory. Saved as
    ``reports.csv`` beside the logs, decisions filled in, it is an inventory that the next run reads; ``as_yaml`` makes
    a part of the catalog of it. Reports that only the log knows are asked about too, those in a folder are not.
    """
    said = stock.filter(pl.col("asked") | pl.col("statutory"))
    who = (
        streams.sort("report", pl.col("opened").fill_null(0), "person", descending=[False, True, False])
        .group_by("report", maintain_order=True)
        .agg(
            first=pl.col("person").head(NAMED).str.join("; "),
            others=(pl.len().cast(COUNT) - NAMED).clip(0),
        )
    )
    others = pl.when(pl.col("others") > 0).then(pl.format("; and {} more", "others")).otherwise(pl.lit(""))
    return (
        judged.filter(pl.col("why") != IN_A_FOLDER)
        .join(said, on="report", how="anti")
        .join(who, on="report", how="left")
        .sort("minutes", "deliveries", "report", descending=[True, True, False], nulls_last=True)
        .select(
            report=no_formula(pl.col("report")),
            readers=no_formula(visible_and_cut(pl.concat_str("first", others).fill_null(""), NAME_LENGTH)),
            question=pl.format(QUESTION, visible_and_cut(pl.col("report"), NAME_LENGTH)),
            decisions=pl.lit(None, TEXT),
            owner=no_formula(pl.col("owner")),
        )
    )


def as_yaml(asked: pl.DataFrame) -> str:
    """The rows of ``questionnaire`` as the part of a ``catalog.yaml`` in which the answers are written.

    What has no answer yet stands there as a comment, so that the file says nothing that nobody said.
    """
    lines = ["reports:"]
    for row in asked.with_columns(formula_restored(pl.col("report"))).iter_rows(named=True):
        decisions = [each.strip() for each in (row["decisions"] or "").split(";") if each.strip()]
        lines += [f"  # read by: {_one_line(row['readers'])}", f"  - name: {_quoted(row['report'])}"]
        lines.append(f"    decisions: {_quoted(decisions)}" if decisions else "    # decisions: [which one?]")
    return "\n".join(lines) + "\n"


def _quoted(value: str | list[str]) -> str:
    """JSON, which is YAML too."""
    return escaped(json.dumps(value, ensure_ascii=False))


def _one_line(text: str | None) -> str:
    return visible(" ".join((text or "nobody that the log knows").split()))
