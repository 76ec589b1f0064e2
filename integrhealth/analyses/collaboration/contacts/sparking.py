"""Whether red flags and findings spark a conversation: contact about them between the two teams, soon after."""

from datetime import datetime

import polars as pl

from integrhealth.analyses.collaboration.contacts.needs import between_teams
from integrhealth.analyses.collaboration.team_contacts import PAIR, as_declared, unordered
from integrhealth.language.period import local_day
from integrhealth.language.schema import COUNT, NUMBER, TEXT, TIME, WORDS
from integrhealth.language.statistics import wilson_interval
from integrhealth.language.thresholds import MIN_NAME_LETTERS, SPARK_WORKING_DAYS

# A signal: two teams had a reason to talk at a moment, and the names by which they would speak of it.
SIGNALS = {"at": TIME, "team_a": TEXT, "team_b": TEXT, "source": TEXT, "names": WORDS}
SPARKED = {"team_a": TEXT, "team_b": TEXT, "source": TEXT, "signals": COUNT, "sparked": COUNT, "talked": COUNT}
SHARES = dict.fromkeys(("share", "low", "high"), NUMBER)
FLAG, FINDING = "flag", "finding"
SEPARATOR = r"[^\p{L}\p{N}]+"


def person_teams(
    teams: pl.DataFrame, systems: pl.DataFrame, incident_events: pl.DataFrame, shown: pl.DataFrame
) -> pl.DataFrame:
    """One row per person or team that a log may name: person, team; only teams that are `shown`.

    A team is itself; owners and backups of the catalog's `systems` are of the team of the system, and whoever worked on
    tickets is of the team in whose name most often. Whoever is said to be of two teams is left out.
    """
    owners = pl.concat([systems.select("team", person=role) for role in ("owner", "backup")])
    steps = incident_events.select("person", "team").drop_nulls().group_by("person", "team").len()
    often = steps.filter(pl.col("len") == pl.col("len").max().over("person")).unique("person", keep="none")
    every = pl.concat([owners.select("person", "team"), often.select("person", "team")]).drop_nulls()
    told_apart = every.with_columns(team=as_declared("team", teams)).unique().unique("person", keep="none")
    themselves = shown.select(person="team", team="team")
    return pl.concat([themselves, told_apart.join(themselves, on="person", how="anti")]).join(
        shown, on="team", how="semi"
    )


def flag_signals(
    deliveries: pl.DataFrame,
    owners: pl.DataFrame,
    names: pl.Series,
    *,
    people: pl.DataFrame,
    teams: pl.DataFrame,
    timezone: str,
) -> pl.DataFrame:
    """One signal per flag, day and pair of teams: those of the owner of the report and of a person who got it.

    `owners` has report, owner. It is spoken of by the name of the report, or by any of the `names` of systems and
    integrations that the flag contains.
    """
    flagged = deliveries.filter(pl.col("flag").str.strip_chars() != "").join(owners, on="report")
    team = people.rename({"person": "name"})
    sides = (
        flagged.with_columns(as_declared("person", teams), as_declared("owner", teams))
        .join(team.rename({"name": "owner", "team": "team_a"}), on="owner")
        .join(team.rename({"name": "person", "team": "team_b"}), on="person")
        .filter(pl.col("team_a") != pl.col("team_b"))
    )
    each = unordered(sides).group_by(*PAIR, "report", "flag", day=local_day(pl.col("at"), timezone))
    flags = each.agg(pl.col("at").min())
    said = flags.select("flag").unique().join(names.drop_nulls().unique().alias("name").to_frame(), how="cross")
    inside = said.filter(spoken_form(pl.col("flag")).str.contains(spoken_form(pl.col("name")), literal=True))
    spoken_of = inside.group_by("flag").agg(pl.col("name").sort())
    rows = flags.join(spoken_of, on="flag", how="left").with_columns(
        names=pl.concat_list(pl.concat_list("report"), pl.col("name").fill_null([])), source=pl.lit(FLAG)
    )
    return rows.select(*SIGNALS).cast(SIGNALS).sort("at", *PAIR, "names")


def finding_signals(findings: pl.DataFrame, integrations: pl.DataFrame, owned: pl.DataFrame) -> pl.DataFrame:
    """One signal per integration between the systems of two teams about which earlier runs had a critical finding.

    `findings` has run_at, subject and severity, as the history of a report folder; the first run tells. The subject is
    an integration of the catalog, or "source > target"; it is spoken of by that, or by its systems.
    """
    critical = findings.filter(pl.col("severity") == "critical").drop_nulls("subject")
    red = critical.group_by("subject").agg(at=pl.col("run_at").min())
    ends = integrations.select(subject="integration", source="source", target="target").unique("subject", keep="first")
    parts = pl.col("subject").str.split_exact(" > ", 1)
    split = red.with_columns(first=parts.struct.field("field_0"), second=parts.struct.field("field_1"))
    edges = split.join(ends, on="subject", how="left").with_columns(
        source=pl.coalesce("source", "first"), target=pl.coalesce("target", "second")
    )
    rows = between_teams(edges.drop_nulls(["source", "target"]), owned).with_columns(
        names=pl.concat_list("subject", "source", "target"), origin=pl.lit(FINDING)
    )
    return rows.drop("source").rename({"origin": "source"}).select(*SIGNALS).cast(SIGNALS).sort("at", *PAIR, "names")


def sparked(
    signals: pl.DataFrame, contacts: pl.DataFrame, watched: tuple[datetime, datetime] | None, *, timezone: str
) -> pl.DataFrame:
    """One row per pair of teams and source of `signals`: how many were followed by contact about them.

    Followed: within two working days in `timezone`, the day of the signal not counted. Of those that ``sparked`` a
    conversation the teams spoke: the contact names what the signal names. ``talked`` counts contact about anything, or
    about what nobody wrote down. Signals whose two days do not lie in the `watched` period are left out. The interval
    of the share is Wilson's (1927).
    """
    if watched is None:
        return pl.DataFrame(schema=SPARKED | SHARES)
    # After a Saturday, Monday and Tuesday are the two.
    until = local_day(pl.col("at"), timezone).dt.add_business_days(SPARK_WORKING_DAYS, roll="backward")
    ended = local_day(pl.lit(watched[1], TIME), timezone)
    judged = signals.with_columns(until=until).filter(pl.col("at") >= watched[0], pl.col("until") < ended)
    numbered = judged.with_row_index("signal")
    later = contacts.select(*PAIR, "about", met_at="at", met_on=local_day(pl.col("at"), timezone))
    met = numbered.join(later, on=list(PAIR)).filter(
        pl.col("met_at") > pl.col("at"), pl.col("met_on") <= pl.col("until")
    )
    about_it = met.explode("names").filter(
        pl.col("names").str.len_chars() >= MIN_NAME_LETTERS,
        spoken_form(pl.col("about")).str.contains(spoken_form(pl.col("names")), literal=True),
    )
    marked = numbered.with_columns(
        talked=pl.col("signal").is_in(met["signal"].unique().to_list()),
        sparked=pl.col("signal").is_in(about_it["signal"].unique().to_list()),
    )
    rows = marked.group_by(*PAIR, "source").agg(
        signals=pl.len().cast(pl.Int64), sparked=pl.col("sparked").sum(), talked=pl.col("talked").sum()
    )
    low, high = wilson_interval(rows["sparked"].to_numpy(), rows["signals"].to_numpy())
    shares = {
        "share": pl.col("sparked") / pl.col("signals"),
        "low": pl.Series(low, nan_to_null=True, dtype=pl.Float64),
        "high": pl.Series(high, nan_to_null=True, dtype=pl.Float64),
    }
    complete = rows.with_columns(**shares).select(*SPARKED, *SHARES).cast(SPARKED | SHARES)
    return complete.sort("signals", *PAIR, "source", descending=[True, False, False, False])


def spoken_form(text: pl.Expr) -> pl.Expr:
    """Text as words in small letters between blanks, so that a name is met as whole words only."""
    return pl.format(" {} ", text.str.to_lowercase().str.replace_all(SEPARATOR, " ").str.strip_chars())
