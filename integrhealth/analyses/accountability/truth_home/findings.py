"""What the homes of data ask people to talk about: two truths, no owner, silent changes, a record that loses."""

from collections.abc import Mapping

import polars as pl

from integrhealth.analyses.accountability.names import PERSON
from integrhealth.analyses.accountability.tables import NAME
from integrhealth.analyses.accountability.truth_home.elements import NOT_DECLARED, TWO_TRUTHS
from integrhealth.analyses.accountability.truth_home.laundering import ON_THE_WAY
from integrhealth.language.findings import findings, integration_owners, severity, written
from integrhealth.language.statistics import chance_of_more, wilson_interval
from integrhealth.language.thresholds import (
    CHANGED_ON_THE_WAY,
    LOST_CRITICAL,
    LOST_WARNING,
    MIN_COMPARED,
    OUTSIDE_WRITES,
)

# Names in one sentence; more are counted.
MOST_NAMES = 5
ALL = "data elements"


def truth_findings(tables: Mapping[str, pl.DataFrame], *, integrations: pl.DataFrame) -> list[pl.DataFrame]:
    """The findings of `tables` (elements, laundering, carried), a frame per rule; `integrations` are the catalog's."""
    elements = tables["elements"]
    return [
        two_truths(elements),
        record_loses(elements),
        laundered(tables["laundering"], tables["carried"], integrations),
        element_without_owner(elements),
        not_declared(elements),
    ]


def two_truths(elements: pl.DataFrame) -> pl.DataFrame:
    """``two_truths``: one finding per element that several systems write.

    A warning where certainly more than 1% of its values were written outside its home; fewer are slips, and a note, as
    is what the catalog allows and nobody did.
    """
    outside = pl.col("outside_writes").cast(pl.Float64)
    # Whatever was written was tested, also what has one home.
    tested = elements.with_columns(
        severity=severity(warning=chance_of_more(outside, pl.col("writes"), pl.lit(OUTSIDE_WRITES)))
    ).filter(pl.col("verdict") == TWO_TRUTHS)
    low, high = wilson_interval(tested["outside_writes"], tested["writes"])
    home = pl.coalesce("record", "origin", "main_writer")
    overwrote = pl.col("overwritten")
    replaced = (
        pl.when(overwrote > 0)
        .then(pl.format(", and {} replaced the value of {}", written(overwrote), home))
        .otherwise(pl.lit(""))
    )
    elsewhere = pl.format(
        "{} is written in {} besides {}: {} of {} values of {} entities{}.",
        *("element", _listed("outside_writers"), home, written(pl.col("outside_writes")), written(pl.col("writes"))),
        *(written(pl.col("outside_entities")), replaced),
    )
    both = pl.format("{} is changed in its origin {} and in its record {}.", "element", "origin", "record")
    said = pl.format("The catalog itself names several writers of {}: {}.", "element", _listed("declared_writers"))
    several = pl.col("writers").list.len() > 1
    rows = tested.with_columns(
        subject="element",
        low=pl.Series(low).fill_nan(None),
        high=pl.Series(high).fill_nan(None),
        statement=pl.when(pl.col("outside_writes") > 0).then(elsewhere).when(several).then(both).otherwise(said),
        value=pl.when(pl.col("writes") > 0).then(outside / pl.col("writes")),
        unit=pl.lit("share of values written outside the home"),
        n="writes",
        threshold=pl.lit(OUTSIDE_WRITES),
        ask=pl.format("Where two systems disagree about {}, who says which of them is right?", "element"),
    )
    return findings(NAME, "two_truths", rows)


def record_loses(elements: pl.DataFrame) -> pl.DataFrame:
    """``record_loses``: one finding per element whose record lost over 5% of its decided conflicts; certainly over 50%
    is critical. Conflicts that open at once for one entity count as one."""
    judged = elements.drop_nulls("authority").with_columns(lost=1 - pl.col("authority"), n="disputes")
    losses = pl.col("lost") * pl.col("n")
    judged = judged.with_columns(
        severity=severity(
            warning=chance_of_more(losses, pl.col("n"), pl.lit(LOST_WARNING)),
            critical=chance_of_more(losses, pl.col("n"), pl.lit(LOST_CRITICAL)),
        )
    ).filter(pl.col("lost") > LOST_WARNING)
    rows = judged.with_columns(
        subject="element",
        statement=pl.format(
            "In {} of {} conflicts about {} the value of {} gave way to that of a copy; {} are open.",
            *(written(pl.col("decided") - pl.col("record_won")), written(pl.col("decided")), "element"),
            *(pl.coalesce("record", "origin"), written(pl.col("open"))),
        ),
        value="lost",
        unit=pl.lit("share of decided conflicts that the record lost"),
        low=1 - pl.col("high"),
        high=1 - pl.col("low"),
        threshold=pl.lit(LOST_WARNING),
        ask=pl.format("Which systems may overwrite {}, and who agreed to that?", pl.coalesce("record", "origin")),
    )
    return findings(NAME, "record_loses", rows)


def laundered(laundering: pl.DataFrame, carried: pl.DataFrame, integrations: pl.DataFrame) -> pl.DataFrame:
    """``laundering``: one finding per integration by which values came out changed, with a message of each to look at.

    Certain are more than 1% of at least ten values compared; all else is a note.
    """
    comparable = carried.filter(pl.col("verdict").is_in(["changed", "as it was"]))
    compared = comparable.group_by("integration").agg(n=pl.col("compared").sum())
    on_the_way = pl.col("changed") == ON_THE_WAY
    # The first in time stands for all.
    silent = laundering.group_by("integration", maintain_order=True).agg(
        pl.col("source", "target", "message_out").first(),
        names=pl.col("element").unique().sort(),
        laundered=pl.len(),
        inside=(~on_the_way).sum(),
    )
    sample = pl.when(pl.col("n") >= MIN_COMPARED).then(pl.col("laundered").cast(pl.Float64))
    tested = (
        compared.join(silent, on="integration", how="left")
        .with_columns(pl.col("laundered").fill_null(0).clip(0, pl.col("n")))
        .with_columns(severity=severity(warning=chance_of_more(sample, pl.col("n"), pl.lit(CHANGED_ON_THE_WAY))))
        .filter(pl.col("laundered") > 0)
        .join(integration_owners(integrations), on="integration", how="left")
    )
    low, high = wilson_interval(tested["laundered"], tested["n"])
    one = pl.col("laundered") == 1
    place = (
        pl.when(pl.col("inside") == pl.col("laundered"))
        .then(pl.format("inside {}", "source"))
        .otherwise(pl.format("from {} to {}", "source", "target"))
    )
    rows = tested.with_columns(
        subject="integration",
        low=pl.Series(low),
        high=pl.Series(high),
        statement=pl.format(
            "{} of {} values of {} changed {} before they came out of {}, and no transformation is registered; see "
            "message {}.",
            *(written(pl.col("laundered")), written(pl.col("n")), _listed("names"), place, "integration"),
            "message_out",
        ),
        value=pl.col("laundered") / pl.col("n"),
        unit=pl.lit("share of compared values"),
        threshold=pl.lit(CHANGED_ON_THE_WAY),
        ask=pl.format(
            "Who decided that {} {} on the way, and where is that written down?",
            _listed("names"),
            pl.when(one).then(pl.lit("changes")).otherwise(pl.lit("may change")),
        ),
    )
    return findings(NAME, "laundering", rows)


def element_without_owner(elements: pl.DataFrame) -> pl.DataFrame:
    """``element_without_owner``: one finding for all elements that the catalog gives a record, but no person."""
    declared = elements.filter(pl.col("origin").is_not_null() | pl.col("record").is_not_null())
    lacking = declared.filter(pl.col("owner_kind") != PERSON)
    rows = _counted(
        lacking,
        of=declared.height,
        level="warning",
        says="No person owns {} of {} data elements with a home: {}.",
        unit="data elements",
        ask="Who answers when a value of {} is wrong?",
    )
    return findings(NAME, "element_without_owner", rows)


def not_declared(elements: pl.DataFrame) -> pl.DataFrame:
    """``not_declared``: one note for all elements of which the catalog does not say where they begin and stand.

    Where it says so of none nobody has begun to ask, which the verdicts show; it is gaps that are worth a word.
    """
    said = pl.any_horizontal(pl.col("origin", "record", "owner", "declared_writers").is_not_null())
    begun = not elements.filter(said).is_empty()
    rows = _counted(
        elements.filter(pl.col("verdict") == NOT_DECLARED, begun),
        of=elements.height,
        level="note",
        says="The catalog names no origin or no record of {} of {} data elements: {}.",
        unit="data elements",
        ask="In which system is {} right when two disagree?",
    )
    return findings(NAME, "not_declared", rows)


def _counted(lacking: pl.DataFrame, *, of: int, level: str, says: str, unit: str, ask: str) -> pl.DataFrame:
    """One row that says of how many elements, `of` so many, something is lacking; none where it lacks of none."""
    whole = lacking.select(names=pl.col("element").sort().implode(), count=pl.len()).filter(pl.col("count") > 0)
    count = pl.col("count")
    return whole.with_columns(
        subject=pl.lit(ALL),
        severity=pl.lit(level),
        statement=pl.format(says, written(count), pl.lit(f"{of:,}"), _listed("names")),
        value=count,
        unit=pl.lit(unit),
        n=pl.lit(of),
        ask=pl.format(ask, pl.col("names").list.first()),
    )


def _listed(names: str) -> pl.Expr:
    """A list of names as it stands in a sentence; of many the first, and how many more."""
    column = pl.col(names)
    rest = column.list.len().cast(pl.Int64) - MOST_NAMES
    shown = column.list.head(MOST_NAMES).list.join(", ")
    short = pl.when(column.list.len() == 2).then(column.list.join(" and ")).otherwise(shown)
    return pl.when(rest > 0).then(pl.format("{} and {} more", shown, rest)).otherwise(short)
