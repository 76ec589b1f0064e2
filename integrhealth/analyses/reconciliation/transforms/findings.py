"""Which integrations lose meaning, which pass data through unchanged, and what they send for nothing."""

import polars as pl

from integrhealth.analyses.reconciliation.tables import NAME
from integrhealth.analyses.reconciliation.transforms.ledger import ADDED, LOSES
from integrhealth.analyses.reconciliation.transforms.meaning import PASSES
from integrhealth.language.findings import findings, integration_owners, severity, written
from integrhealth.language.statistics import chance_of_distance
from integrhealth.language.thresholds import COPY_SHARE, LOSS_BITS
from integrhealth.language.wording import and_others, percent

# What the catalog registers of a field that may merge its values on purpose.
ON_PURPOSE = ("map", "derive", "drop")
SHOWN = 3


def transform_findings(
    transforms: pl.DataFrame, fields: pl.DataFrame, *, integrations: pl.DataFrame
) -> list[pl.DataFrame]:
    """All findings about meaning. `transforms` and `fields` are the tables ``transforms`` and ``transform_fields``,
    `integrations` those of the catalog, which say who owns what."""
    owners = integration_owners(integrations)
    return [loses_meaning(fields, owners), passes_through(transforms), unused_fields(transforms, owners)]


def loses_meaning(fields: pl.DataFrame, owners: pl.DataFrame) -> pl.DataFrame:
    """``loses_meaning``: a field arrives from which over 0.1 bits of what was sent cannot be read back.

    One finding per integration, its worst field. A warning where that is certain among all fields that were measured
    and the catalog registers nothing for the field; a note where it was merged on purpose.
    """
    measured = fields.filter(pl.col("fate") != ADDED).drop_nulls("loss_bits")
    sure = chance_of_distance(pl.col("loss_bits") - LOSS_BITS, pl.col("loss_bits") - pl.col("low"))
    on_purpose = pl.col("kind").is_in(ON_PURPOSE).fill_null(False)
    rows = (
        measured.with_columns(severity=severity(warning=pl.when(~on_purpose).then(sure)), on_purpose=on_purpose)
        .filter(pl.col("fate") == LOSES)
        .sort(pl.col("severity") != "warning", pl.col("loss_bits"), "field", descending=[False, True, False])
        .unique("integration", keep="first", maintain_order=True)
        .join(owners, on="integration", how="left", maintain_order="left")
    )
    said = pl.when("on_purpose").then(pl.lit(", as the catalog registers")).otherwise(pl.lit(""))
    return findings(
        NAME,
        "loses_meaning",
        rows.with_columns(
            subject="integration",
            value="loss_bits",
            unit=pl.lit("bits per message"),
            n="paired",
            threshold=pl.lit(LOSS_BITS),
            statement=pl.format(
                "{} makes {} values of {} into {} of {}{}: {} of {} bits cannot be read back.",
                "integration",
                "values_before",
                pl.col("from").list.join(" and "),
                "values_after",
                "field",
                said,
                pl.col("loss_bits").round(2),
                pl.col("before_bits").round(2),
            ),
            ask=pl.format("Does anybody behind {} need to tell the merged values of {} apart?", "integration", "field"),
        ),
    )


def passes_through(transforms: pl.DataFrame) -> pl.DataFrame:
    """``passes_through``: integrations that copy over 95% of their values and add nothing; one note for all of them.

    Master data are copied on purpose, so it is a question and no fault.
    """
    rows = transforms.filter(pl.col("verdict") == PASSES, pl.col("copy_share") > COPY_SHARE)
    rows = rows.sort("paired", "integration", descending=[True, False])
    whole = rows.select(
        count=pl.len().cast(pl.Int64),
        n=pl.col("paired").sum(),
        copied=pl.col("copied").sum(),
        names=pl.col("integration").head(SHOWN).str.join(", "),
    ).filter(pl.col("count") > 0)
    return findings(
        NAME,
        "passes_through",
        whole.with_columns(
            subject=pl.lit("copies"),
            severity=pl.lit("note"),
            value=pl.col("copied") / pl.col("n"),
            unit=pl.lit("share of values"),
            threshold=pl.lit(COPY_SHARE),
            statement=pl.format(
                "{} on and adds nothing ({} of {} values arrive as they were): {}{}.",
                pl.when(pl.col("count") == 1)
                .then(pl.lit("1 integration passes what it gets"))
                .otherwise(pl.format("Each of {} integrations passes what it gets", "count")),
                written(pl.col("copied")),
                written(pl.col("n")),
                "names",
                and_others(pl.col("count"), SHOWN),
            ),
            ask=pl.lit("Why are we doing this: could the receiver ask the source instead?"),
        ),
    )


def unused_fields(transforms: pl.DataFrame, owners: pl.DataFrame) -> pl.DataFrame:
    """``unused_fields``: fields that an integration sends and its receiver never uses; a note."""
    count = pl.col("unused_fields").list.len()
    rows = transforms.filter(count > 0).join(owners, on="integration", how="left", maintain_order="left")
    return findings(
        NAME,
        "unused_fields",
        rows.with_columns(
            subject="integration",
            severity=pl.lit("note"),
            value=1 - pl.col("used_share"),
            unit=pl.lit("share of fields"),
            n="sent_fields",
            statement=pl.format(
                "{} sends {} of {} fields that its receiver never uses ({}): {}{}.",
                "integration",
                count,
                "sent_fields",
                percent(1 - pl.col("used_share")),
                pl.col("unused_fields").list.head(SHOWN).list.join(", "),
                and_others(count, SHOWN),
            ),
            ask=pl.format("Who needs these fields of {}, and what would be lost without them?", "integration"),
        ),
    )
