"""Whether an integration adds meaning, passes data through or loses some, and what is sent for nothing."""

import polars as pl

from integrhealth.analyses.reconciliation.tables import TABLES
from integrhealth.analyses.reconciliation.transforms.arrivals import integration_name
from integrhealth.analyses.reconciliation.transforms.ledger import ADDED, CANNOT_TELL, LOSES
from integrhealth.analyses.reconciliation.transforms.names import same_field
from integrhealth.language.schema import COUNT, NUMBER, WORDS, is_exchanged
from integrhealth.language.statistics import enough
from integrhealth.language.thresholds import COPY_SHARE, MIN_MESSAGES

ADDS, PASSES, LOSES_MEANING = "adds meaning", "passes through", "loses meaning"
COLUMNS = TABLES["transforms"] | {
    **dict.fromkeys(("loss_low", "loss_high", "renamed_share"), NUMBER),
    **dict.fromkeys(
        ("messages", "arrivals", "paired", "copied", "renamed", "fields", "sent_fields", "used_fields"), COUNT
    ),
    "used_share": NUMBER,
    "lost_fields": WORDS,
}


def transforms(
    fields: pl.DataFrame,
    declared: pl.DataFrame,
    registered: pl.DataFrame,
    sending: pl.DataFrame,
    *,
    min_messages: int = MIN_MESSAGES,
) -> pl.DataFrame:
    """One row per integration: what is lost and added on it, and the verdict; what can be told first.

    `fields` is the table ``transform_fields``; `declared` are the integrations of the catalog, `registered` its
    transforms; `sending` are the integrations that send (integration, messages): those of which nothing more is known
    have a row too.
    """
    measured = _measured(fields, min_messages)
    data = minimum_data(fields, declared, registered)
    every = pl.concat([each.select("integration") for each in (sending, measured, data)]).unique()
    rows = every
    for part in (sending, measured, data):
        rows = rows.join(part, on="integration", how="left")
    counts = [column for column, dtype in COLUMNS.items() if dtype == COUNT and not column.endswith("_fields")]
    rows = rows.with_columns(pl.col(counts).fill_null(0), pl.col("added_fields").fill_null([]))
    one_to_one = pl.col("copy_share") + pl.col("renamed_share")
    verdict = (
        pl.when(pl.col("losing").fill_null(False))
        .then(pl.lit(LOSES_MEANING))
        .when(pl.col("added_fields").list.len() > 0)
        .then(pl.lit(ADDS))
        .when(one_to_one > COPY_SHARE)
        .then(pl.lit(PASSES))
        .otherwise(pl.lit(CANNOT_TELL))
    )
    order = [LOSES_MEANING, PASSES, ADDS, CANNOT_TELL]
    return (
        rows.with_columns(verdict=verdict)
        .select(*COLUMNS)
        .cast(COLUMNS)
        .sort(
            pl.col("verdict").replace_strict(order, range(4)),
            pl.col("loss_bits").fill_null(0),
            "integration",
            descending=[False, True, False],
        )
    )


def _measured(fields: pl.DataFrame, min_messages: int) -> pl.DataFrame:
    """What the fields of each integration do together.

    Bits of the same source elements are lost only where no field that arrives still has them: the least loss counts.
    Of what was derived nobody expects to read back what it was derived from.
    """
    kept = fields.filter(pl.col("fate") != ADDED).drop_nulls("loss_bits")
    lost = (
        kept.sort("loss_bits", "field")
        .unique(["integration", "from"], keep="first", maintain_order=True)
        .group_by("integration")
        .agg(
            pl.col("loss_bits").sum(),
            loss_low=pl.col("low").sum(),
            loss_high=pl.col("high").sum(),
            losing=(pl.col("fate") == LOSES).any(),
        )
    )
    carried = pl.col("fate") != ADDED
    summed = fields.group_by("integration").agg(
        added_fields=pl.col("field").filter(~carried).sort(),
        arrivals=pl.col("n").sum(),
        fields=(pl.col("n") > 0).sum().cast(COUNT),
        **{count: pl.col(count).filter(carried).sum() for count in ("paired", "copied", "renamed")},
    )
    sampled = pl.when(enough(pl.col("paired"), min_messages))
    return summed.join(lost, on="integration", how="left").with_columns(
        copy_share=sampled.then(pl.col("copied") / pl.col("paired")),
        renamed_share=sampled.then(pl.col("renamed") / pl.col("paired")),
    )


def minimum_data(fields: pl.DataFrame, declared: pl.DataFrame, registered: pl.DataFrame) -> pl.DataFrame:
    """One row per integration of which the catalog says what it sends: sent_fields, used_fields, used_share,
    unused_fields, lost_fields.

    Used is what the receiver requires, what a registered transformation takes or keeps, and what was seen to arrive
    as a value. Without fields that it requires nobody said what it uses: null. Lost are those that it requires and
    that are neither sent nor made on the way.
    """
    sends = declared.drop_nulls("fields_sent").unique("integration", keep="first", maintain_order=True)
    sends = sends.select("integration", "fields_sent", "fields_required")
    kept = registered.filter((pl.col("kind") != "drop").fill_null(True))
    required = sends.select("integration", name="fields_required").explode("name").drop_nulls()
    made = pl.concat(
        [kept.select("integration", name="field"), fields.filter(pl.col("n") > 0).select("integration", name="field")]
    )
    taken = [required, kept.select("integration", name="from").explode("name"), made]
    uses = pl.concat(taken).drop_nulls().unique()
    sent = sends.select("integration", sent="fields_sent").explode("sent").drop_nulls().unique()
    unused = _without_match(sent, "sent", uses)
    lost = _without_match(
        required.rename({"name": "required"}),
        "required",
        pl.concat([made, sent.rename({"sent": "name"})]).drop_nulls().unique(),
    )
    counts = sent.group_by("integration").agg(sent_fields=pl.len().cast(COUNT))
    said = pl.when(pl.col("fields_required").is_not_null())
    return (
        sends.join(counts, on="integration", how="left")
        .join(unused, on="integration", how="left")
        .join(lost, on="integration", how="left")
        .with_columns(pl.col("sent_fields").fill_null(0), pl.col("sent", "required").fill_null([]))
        .select(
            "integration",
            "sent_fields",
            unused_fields=said.then("sent"),
            lost_fields=said.then("required"),
            used_fields=said.then(pl.col("sent_fields") - pl.col("sent").list.len().cast(COUNT)),
        )
        .with_columns(used_share=pl.when(pl.col("sent_fields") > 0).then(pl.col("used_fields") / pl.col("sent_fields")))
    )


def _without_match(wanted: pl.DataFrame, column: str, names: pl.DataFrame) -> pl.DataFrame:
    """Per integration the names in `column` of which none of `names` is the same field, as a sorted list."""
    matched = wanted.join(names, on="integration").filter(same_field(pl.col(column), pl.col("name")))
    rest = wanted.unique().join(matched.select("integration", column).unique(), on=["integration", column], how="anti")
    return rest.group_by("integration").agg(pl.col(column).sort())


def sending(messages: pl.DataFrame) -> pl.DataFrame:
    """integration, messages: how many messages between two systems each integration has, load tests left out."""
    sent = messages.filter(is_exchanged()).select(integration=integration_name())
    return sent.group_by("integration").agg(messages=pl.len().cast(COUNT))
