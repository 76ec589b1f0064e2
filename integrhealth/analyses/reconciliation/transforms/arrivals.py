"""Values as they arrived at a target, each beside what the source showed when the message was sent."""

from datetime import timedelta

import polars as pl

from integrhealth.analyses.reconciliation.transforms.names import exactness, same_field
from integrhealth.language.schema import TEXT, WORDS, is_exchanged
from integrhealth.language.thresholds import COPY_SHARE, LOGGED_LATE_SECONDS, MEANING_PAIRS, MIN_MESSAGES

FIELD = ["integration", "field"]
# Between the values of several source elements of one field.
AND = "\x1f"
LOGGED_LATE = timedelta(seconds=LOGGED_LATE_SECONDS)
LINKS = {"integration": TEXT, "field": TEXT, "from": WORDS, "kind": TEXT, "linked_by": TEXT}


def integration_name() -> pl.Expr:
    """The name of the integration, or of its edge where it has none."""
    return pl.coalesce("integration", pl.format("{} > {}", "source", "target"))


def arrivals(field_changes: pl.DataFrame, messages: pl.DataFrame) -> pl.DataFrame:
    """One row per message, element and entity that a message brought to its target: integration, field, entity,
    message_id, source, sent_at and y, the value; the last one where the log shows several.

    Load tests and work inside a system bring nothing.
    """
    sent = messages.filter(
        is_exchanged(), pl.col("message_id").is_in(field_changes["message_id"].drop_nulls().implode())
    )
    sent = sent.select("message_id", "source", "sent_at", system="target", integration=integration_name())
    brought = field_changes.drop_nulls("message_id").join(sent, on=["message_id", "system"])
    return (
        brought.sort("integration", "element", "message_id", "entity", "at", "value_hash")
        .unique(["integration", "element", "message_id", "entity"], keep="last", maintain_order=True)
        .select("integration", "entity", "message_id", "source", "sent_at", field="element", y="value_hash")
    )


def links(
    arrived: pl.DataFrame, field_changes: pl.DataFrame, transforms: pl.DataFrame, *, min_messages: int = MIN_MESSAGES
) -> pl.DataFrame:
    """One row per field that arrives on an integration: integration, field, from, kind, linked_by.

    ``from`` are elements of the source: those that the catalog's `transforms` name for the field, else the one of the
    same name, else the one whose values arrive unchanged in over 95% of at least `min_messages` rows (a column that was
    renamed and not registered). Null: nothing at the source is it. ``kind`` is what the catalog says.
    """
    arriving = arrived.select(*FIELD, "source").unique()
    shown = field_changes.select(source="system", element="element").unique()
    here = arriving.join(shown, on="source")
    by_catalog = _by_catalog(arriving, here, transforms)
    rest = here.join(by_catalog, on=FIELD, how="anti")
    by_name = _first(rest.filter(same_field(pl.col("field"), pl.col("element"))), "name")
    rest = rest.join(by_name, on=FIELD, how="anti")
    by_values = _first(_carried(rest, arrived, field_changes, min_messages), "values")
    linked = pl.concat([by_catalog, by_name, by_values])
    alone = arriving.select(FIELD).unique().join(linked, on=FIELD, how="anti")
    return pl.concat([linked, alone.select(*FIELD, *_nothing())]).sort(FIELD)


def _nothing() -> list[pl.Expr]:
    return [pl.lit(None, LINKS[column]).alias(column) for column in ("from", "kind", "linked_by")]


def _by_catalog(arriving: pl.DataFrame, here: pl.DataFrame, transforms: pl.DataFrame) -> pl.DataFrame:
    """What the catalog registers for fields that arrive, its names replaced by those of the logs."""
    registered = transforms.with_row_index("entry").rename({"field": "registered"})
    entries = (
        arriving.select(FIELD)
        .unique()
        .join(registered, on="integration")
        .filter(same_field(pl.col("field"), pl.col("registered")))
        .sort(exactness(pl.col("field"), pl.col("registered")), "entry")
        .unique(FIELD, keep="first", maintain_order=True)
    )
    takes = entries.select(*FIELD, wanted="from").explode("wanted").drop_nulls("wanted").with_row_index("place")
    sources = (
        takes.join(here, on=FIELD)
        .filter(same_field(pl.col("wanted"), pl.col("element")))
        .sort("place", exactness(pl.col("wanted"), pl.col("element")), "element")
        .unique(["place"], keep="first", maintain_order=True)
        .sort("place")
        .group_by(FIELD, maintain_order=True)
        .agg(pl.col("element").alias("from"), matched=pl.len())
    )
    wanted = takes.group_by(FIELD).agg(wanted=pl.len())
    whole = sources.join(wanted, on=FIELD).filter(pl.col("matched") == pl.col("wanted")).select(*FIELD, "from")
    return (
        entries.drop("from")
        .join(whole, on=FIELD, how="left")
        .with_columns(linked_by=pl.lit("catalog"))
        .select(*LINKS)
        .cast(LINKS)
    )


def _first(matches: pl.DataFrame, by: str) -> pl.DataFrame:
    """Of the elements that match a field the one of exactly its name, else the first by name."""
    chosen = matches.sort(exactness(pl.col("field"), pl.col("element")), "element").unique(FIELD, keep="first")
    return chosen.select(
        *FIELD,
        pl.concat_list("element").alias("from"),
        pl.lit(None, TEXT).alias("kind"),
        pl.lit(by).alias("linked_by"),
    ).cast(LINKS)


def _carried(rest: pl.DataFrame, arrived: pl.DataFrame, field_changes: pl.DataFrame, min_messages: int) -> pl.DataFrame:
    """The elements of `rest` whose values arrive as fields of another name; of some thousand rows of each field."""
    looked = arrived.join(rest.select(FIELD).unique(), on=FIELD, how="semi")
    looked = looked.filter(pl.int_range(pl.len()).over(FIELD) % (pl.len().over(FIELD) // MEANING_PAIRS + 1) == 0)
    beside = _shown_then(looked.join(rest.select(*FIELD, "element").unique(), on=FIELD), field_changes)
    equal = beside.group_by(*FIELD, "element").agg(
        n=pl.col("x").count(), share=(pl.col("x") == pl.col("y")).mean(), values=pl.col("y").n_unique()
    )
    carried = (pl.col("share") > COPY_SHARE) & (pl.col("n") >= max(min_messages, 1)) & (pl.col("values") > 1)
    best = equal.filter(carried).sort("share", "element", descending=[True, False])
    return best.unique(FIELD, keep="first", maintain_order=True).select(*FIELD, "element")


def pairs(arrived: pl.DataFrame, field_changes: pl.DataFrame, linked: pl.DataFrame) -> pl.DataFrame:
    """`arrived` plus x: what the source showed of the elements that ``links`` names, when the message was sent.

    Null where it showed nothing, or where nothing at the source is the field. Of several elements x is the values of
    all.
    """
    elements = linked.select(*FIELD, element="from").explode("element")
    rows = arrived.with_row_index("row")
    beside = _shown_then(rows.join(elements.drop_nulls("element"), on=FIELD), field_changes)
    shown = beside.group_by("row").agg(
        pl.when(pl.col("x").is_not_null().all()).then(pl.col("x").sort_by("element").str.join(AND)).alias("x")
    )
    return rows.join(shown, on="row", how="left", maintain_order="left").drop("row")


def _shown_then(rows: pl.DataFrame, field_changes: pl.DataFrame) -> pl.DataFrame:
    """`rows` plus x: what their source last showed of the element and entity by the time of sending.

    A system may log a value a little after it has passed it on. So what it shows within a minute after sending counts
    where it showed nothing before, and where it is the very value that arrived.
    """
    history = field_changes.select("element", "entity", "at", source="system", x="value_hash")
    history = history.sort("at", "x").unique(["element", "entity", "source", "at"], keep="last", maintain_order=True)
    of = {"left_on": "sent_at", "right_on": "at", "by": ["element", "entity", "source"], "check_sortedness": False}
    history = history.sort("at")
    before = rows.sort("sent_at").join_asof(history, **of)
    late = history.rename({"x": "late"})
    beside = before.drop("at", strict=False).join_asof(
        late, **of, strategy="forward", tolerance=LOGGED_LATE, allow_exact_matches=False
    )
    passed_on = pl.col("x").is_null() | (pl.col("late") == pl.col("y"))
    return beside.with_columns(x=pl.when(passed_on & pl.col("late").is_not_null()).then("late").otherwise("x"))
