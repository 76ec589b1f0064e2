"""What contacts are about: an incident on an integration between the two teams, or a report that one of them reads."""

import polars as pl

from integrhealth.sample.catalogs import all_integrations
from integrhealth.sample.chance import stream
from integrhealth.sample.landscape import SYSTEMS
from integrhealth.sample.season import HOLIDAYS, days

# Of the incidents that their teams could talk about in time, the share that they do.
TALKED_ABOUT = {"a": 0.3, "b": 0.9}
WORKING_DAYS = 2
# Every so many talks of a pair without another subject are about a report.
REPORTS = {
    "a": {("production", "sales"): ("orders-at-risk", 6)},
    "b": {
        ("service", "warehouse"): ("late-shipments", 4),
        ("production", "sales"): ("orders-at-risk", 3),
        ("finance", "sales"): ("cash-due", 3),
    },
}
PAIR = ("one", "other")


def needed() -> pl.DataFrame:
    """One row per integration between systems of two teams: integration, and the teams in alphabetical order."""
    rows = [(made.name, *sorted(SYSTEMS[end][0] for end in (made.source, made.target))) for made in all_integrations()]
    frame = pl.DataFrame(rows, schema=["integration", *PAIR], orient="row")
    return frame.filter(pl.col("one") != pl.col("other"))


def with_pair(talked: pl.DataFrame) -> pl.DataFrame:
    """`talked` plus the two teams in alphabetical order, whoever is named first."""
    teams = ("team_a", "team_b")
    return talked.with_columns(one=pl.min_horizontal(teams), other=pl.max_horizontal(teams))


def concerned(tickets: pl.DataFrame) -> pl.DataFrame:
    """The incidents on integrations between two teams, by the time they were opened: incident, integration, opened_us,
    the teams, and until_day, the second working day after."""
    holidays = [day for day in days() if (day.month, day.day) in HOLIDAYS]
    opened = pl.from_epoch("opened_us", time_unit="us").dt.date()
    return (
        tickets.select("incident", "integration", "opened_us")
        .join(needed(), on="integration", maintain_order="left")
        .with_columns(until_day=opened.dt.add_business_days(WORKING_DAYS, holidays=holidays, roll="forward"))
        .sort("opened_us", "incident")
    )


def with_subjects(talked: pl.DataFrame, tickets: pl.DataFrame, company: str, seed: int) -> pl.DataFrame:
    """`talked` (``contacts``) with its subjects: the first talk after an incident may be about its integration."""
    numbered = with_pair(talked).with_row_index("number")
    plain = numbered.filter(pl.col("about").is_null()).sort("at", "number")
    asked = concerned(tickets)
    asked = asked.filter(
        pl.Series(stream(seed, "contacts", company, "about").random(asked.height)) < TALKED_ABOUT[company]
    )
    followed = (
        asked.join_asof(
            plain.select(*PAIR, "at", "number"),
            left_on="opened_us",
            right_on="at",
            by=PAIR,
            strategy="forward",
            check_sortedness=False,
        )
        .filter(pl.from_epoch("at", time_unit="us").dt.date() <= pl.col("until_day"))
        .unique("number", keep="first", maintain_order=True)
        .select("number", subject="integration")
    )
    rest = plain.join(followed, on="number", how="anti", maintain_order="left")
    read = [
        rest.filter(pl.col("one") == one, pl.col("other") == other)
        .gather_every(every, every - 1)
        .select("number", subject=pl.lit(report))
        for (one, other), (report, every) in REPORTS[company].items()
    ]
    subjects = pl.concat([followed, *read])
    return (
        numbered.join(subjects, on="number", how="left", maintain_order="left")
        .with_columns(about=pl.coalesce("about", "subject"))
        .select(talked.columns)
    )
