"""Contacts between pairs of teams that count, and the teams that are large enough to be spoken of.

A team is shown when at least five people are known to be in it (Microsoft's Viva Insights hides smaller groups): as
the catalog says, else as many as the ticket log names. A team of unknown size is hidden like a small one. A meeting of
more than 25 people is a broadcast and no contact (Worklytics). A pair has no direction: its teams stand in the order of
the alphabet.
"""

from datetime import datetime

import polars as pl

from integrhealth.language.period import period
from integrhealth.language.schema import COUNT, TEXT, TIME
from integrhealth.language.thresholds import BROADCAST_PEOPLE, SMALLEST_GROUP

CONTACTS = {"at": TIME, "team_a": TEXT, "team_b": TEXT, "kind": TEXT, "about": TEXT}
PAIR = ("team_a", "team_b")
TICKET = "ticket"
# How readers of channels and calendars write a team that nobody tells.
UNKNOWN = "unknown"


def shown_teams(teams: pl.DataFrame, incident_events: pl.DataFrame) -> pl.DataFrame:
    """One row per team of five people or more, by name: team, people (those in its tickets, where the catalog's `teams`
    do not say how many). A person written in another case, or with blanks, is one.
    """
    declared = teams.select("team", "people").unique("team", keep="first", maintain_order=True)
    counted = incident_events.select(team=as_declared("team", teams), person=_key(pl.col("person"))).drop_nulls()
    counted = counted.filter(pl.col("person") != "")
    logged = counted.group_by("team").agg(logged=pl.col("person").n_unique().cast(pl.Int64))
    sized = declared.join(logged, on="team", how="full", coalesce=True)
    people = sized.select("team", people=pl.coalesce("people", "logged"))
    enough = people.filter(pl.col("people") >= SMALLEST_GROUP, _key(pl.col("team")) != UNKNOWN)
    return enough.cast({"team": TEXT, "people": COUNT}).sort("team")


def team_contacts(contacts: pl.DataFrame, incident_events: pl.DataFrame, teams: pl.DataFrame) -> pl.DataFrame:
    """One row per contact between two of the `teams` shown (``shown_teams``), in the order of time: at, team_a, team_b,
    kind, about.

    People who talk (`contacts` without broadcasts; one contact that two calendars tell is one), and each ticket that
    one team hands to another, of kind ``ticket`` and about the ticket, its integration and its object.
    """
    shown = shown_teams(teams, incident_events).select("team")
    talks = contacts.filter((pl.col("people") <= BROADCAST_PEOPLE).fill_null(True)).select(
        "at", *(as_declared(team, teams).alias(team) for team in PAIR), "kind", "about", "people"
    )
    talks = unordered(talks).unique().drop("people")
    rows = pl.concat([talks, unordered(handovers(incident_events, teams))])
    apart = between(rows.filter(pl.col("team_a") != pl.col("team_b")), shown)
    return apart.select(*CONTACTS).cast(CONTACTS).sort(*CONTACTS)


def unordered(pairs: pl.DataFrame) -> pl.DataFrame:
    """`pairs` with the teams of each in the order of the alphabet."""
    return pairs.with_columns(team_a=pl.min_horizontal(PAIR), team_b=pl.max_horizontal(PAIR))


def handovers(incident_events: pl.DataFrame, teams: pl.DataFrame) -> pl.DataFrame:
    """One row per step of an incident that is with another team than the step with a team before it."""
    steps = incident_events.with_columns(team=as_declared("team", teams)).drop_nulls("team")
    in_order = steps.sort("incident", "at", "log_file", "log_line", maintain_order=True)
    given = in_order.with_columns(team_a=pl.col("team").shift().over("incident"))
    about = pl.concat_str("incident", "integration", "object_id", separator=" ", ignore_nulls=True)
    return given.filter(pl.col("team") != pl.col("team_a")).select(
        "at", "team_a", team_b="team", kind=pl.lit(TICKET), about=about
    )


def is_spoken(kind: pl.Expr) -> pl.Expr:
    """People spoke: no ticket, which is handed over in silence, and most often where nobody talks."""
    return kind.ne_missing(TICKET)


def broadcasts(contacts: pl.DataFrame) -> int:
    """How many meetings of more than 25 people there were; a meeting stands in as many rows as pairs of teams met."""
    return contacts.filter(pl.col("people") > BROADCAST_PEOPLE).n_unique(["at", "kind", "people", "about"])


def hidden_teams(contacts: pl.DataFrame, incident_events: pl.DataFrame, teams: pl.DataFrame) -> int:
    """How many teams of the catalog, the contacts and the tickets are too small to be shown, or of unknown size."""
    logged = [
        contacts.select(team=as_declared("team_a", teams)),
        contacts.select(team=as_declared("team_b", teams)),
        incident_events.select(team=as_declared("team", teams)),
    ]
    every = pl.concat([teams.select("team"), *logged]).drop_nulls().unique()
    return every.join(shown_teams(teams, incident_events), on="team", how="anti").height


def heard_teams(contacts: pl.DataFrame, teams: pl.DataFrame) -> pl.DataFrame:
    """One row per team that the log of `contacts` names, if only in a broadcast or with itself: team.

    Of a team that it never names nobody can tell whether it talks, or is called otherwise there.
    """
    sides = [contacts.select(team=as_declared(side, teams)) for side in PAIR]
    return pl.concat(sides).drop_nulls().unique().sort("team")


def between(pairs: pl.DataFrame, teams: pl.DataFrame) -> pl.DataFrame:
    """The rows of `pairs` both of whose teams are among `teams`."""
    for side in PAIR:
        pairs = pairs.join(teams, left_on=side, right_on="team", how="semi", maintain_order="left")
    return pairs


def watched(contacts: pl.DataFrame, incident_events: pl.DataFrame) -> tuple[datetime, datetime] | None:
    """From when until when somebody wrote down who talks: the period of all `contacts`, else of the tickets."""
    return period(contacts["at"]) or period(incident_events["at"])


def as_declared(column: str, teams: pl.DataFrame) -> pl.Expr:
    """The team that a log names, in the spelling of the catalog's `teams` where only case and blanks differ."""
    name = pl.col(column).str.strip_chars()
    spelled = teams.select("team", key=_key(pl.col("team"))).unique("key", keep="none")
    declared = teams["team"].to_list()
    as_written = pl.when(name.is_in(declared)).then(name)
    return pl.coalesce(as_written, _key(name).replace_strict(spelled["key"], spelled["team"], default=None), name)


def _key(name: pl.Expr) -> pl.Expr:
    return name.str.strip_chars().str.to_lowercase()
