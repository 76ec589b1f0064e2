"""Conversation starters: for each finding who should sit together, what each can say, and what to look at."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.overview.ends import all_systems, connections, ends, spoken_of
from integrhealth.analyses.overview.tables import TABLES
from integrhealth.language.findings import integration_owners, system_owners
from integrhealth.language.masking import EMAIL
from integrhealth.language.schema import TEXT
from integrhealth.language.thresholds import MOST_STARTERS

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence

# What each of the two can begin with, by the report of the finding: what they see and need, no blame and no promise.
SAYS: dict[str, tuple[str, str]] = {
    "error_propagation": (
        "This is what we see when something goes wrong, and how we notice.",
        "This is what reaches us of it, and what it keeps us from.",
    ),
    "latency": (
        "This is how long it takes with us, and what we wait for ourselves.",
        "This is when we need it, and what we do while we wait.",
    ),
    "dependency_fragility": (
        "This is what we can do, and what we cannot, while it is down.",
        "This is what stops with us then, and what we could do by hand.",
    ),
    "report_overload": (
        "These are the decisions that we take with what we are sent.",
        "This is what we read, and what we would miss tomorrow.",
    ),
    "accountability": (
        "This is what we believe is ours, and what is not.",
        "This is whom we ask when it looks wrong to us.",
    ),
    "reconciliation": (
        "This is what we sent, and how we count it.",
        "This is what we have, and how we count it.",
    ),
    "collaboration": (
        "This is what we would like to hear from you before the next change.",
        "This is what changed with us since we last spoke.",
    ),
    "audit": (
        "This is why we answered as we did.",
        "This is what we see of it in our daily work.",
    ),
}
COLLABORATION = "collaboration"
ANY = ("This is what we see from our side.", "This is what we see from ours.")


def starters(evidence: "Evidence", findings: pl.DataFrame) -> pl.DataFrame:
    """One row per conversation, worst first: the worst finding of each rule that is no note, twelve at most.

    ``owner_a`` answers for the finding, else for its source, ``owner_b`` for its other end: the target of an
    integration, of a finding about two teams that one of them that ``owner_a`` is not in, or, of a finding about one
    system, whoever answers for the system that it exchanges most messages with and is somebody else. Where the catalog
    names no person it is the team; null where it names neither. ``invite_a`` and ``invite_b`` are their addresses where
    the catalog names such. ``says_a`` and ``says_b`` are a sentence that each can begin with, ``page`` the section to
    look at together.

    >>> findings = ih.overview.report(ih.all_reports(evidence)).findings
    >>> ih.overview.starters(evidence, findings).select("subject", "owner_a", "owner_b").row(2)
    ('ERP', 'IT', 'warehouse')
    """
    urgent = findings.filter(pl.col("severity") != "note")
    leaders = urgent.unique(["report", "rule"], keep="first", maintain_order=True).head(MOST_STARTERS)
    asked = leaders.with_row_index("place")
    owners = _two_owners(evidence, asked)
    both = asked.join(owners, on="place", how="left", maintain_order="left")
    addresses = _addresses(evidence).implode()
    return both.with_columns(
        _said(0).alias("says_a"),
        _said(1).alias("says_b"),
        pl.when(pl.col("owner_a").is_in(addresses)).then("owner_a").alias("invite_a"),
        pl.when(pl.col("owner_b").is_in(addresses)).then("owner_b").alias("invite_b"),
        page=pl.format("{}.html#rule-{}", "report", "rule"),
    ).select(*TABLES["starters"])


def _two_owners(evidence: "Evidence", asked: pl.DataFrame) -> pl.DataFrame:
    """place, owner_a, owner_b of the findings `asked`; the second is never the first again."""
    spoken = spoken_of(asked, ends(evidence), all_systems(evidence))
    owned = system_owners(evidence.catalog.systems)
    of_integration = integration_owners(evidence.catalog.integrations).rename({"integration": "subject"})
    first = spoken.join(of_integration, on="subject", how="left", suffix="_declared")
    first = first.join(owned, left_on="source", right_on="system", how="left", suffix="_source")
    answers = first.group_by("place").agg(
        pl.coalesce("owner", "owner_declared", "owner_source").drop_nulls().first().alias("owner_a")
    )
    owner_a = asked.select("place", "owner").join(answers, on="place", how="left")
    owner_a = owner_a.select("place", owner_a=pl.coalesce("owner", "owner_a"))
    others = _other_ends(evidence, spoken).join(owned, on="system").join(owner_a, on="place")
    others = others.filter(pl.col("owner").ne_missing(pl.col("owner_a"))).sort("place", "order", "system")
    owner_b = others.group_by("place").agg(owner_b=pl.col("owner").first())
    both = owner_a.join(owner_b, on="place", how="left").join(
        _other_team(evidence, asked, owner_a), on="place", how="left"
    )
    return both.select("place", "owner_a", owner_b=pl.coalesce("owner_b", "team"))


def _other_team(evidence: "Evidence", asked: pl.DataFrame, owner_a: pl.DataFrame) -> pl.DataFrame:
    """place, team: of the findings about two teams ("IT and sales"), the one that the first owner is not in."""
    declared = evidence.catalog
    teams = (
        pl.concat([declared.teams.select("team"), declared.systems.select("team")]).drop_nulls().unique().sort("team")
    )
    about_teams = asked.filter(pl.col("report") == COLLABORATION).select("place", "subject")
    second = about_teams.join(teams.rename({"team": "team_b"}), how="cross").filter(
        pl.col("subject").str.ends_with(pl.format(" and {}", "team_b"))
    )
    before = second.with_columns(before=pl.col("subject").str.strip_suffix(pl.format(" and {}", "team_b")))
    pairs = before.join(teams.rename({"team": "team_a"}), how="cross").filter(
        (pl.col("before") == pl.col("team_a")) | pl.col("before").str.ends_with(pl.format(": {}", "team_a"))
    )
    teams_of = declared.systems.select(owner_a="owner", own="team").drop_nulls().unique()
    teams_of = teams_of.unique("owner_a", keep="none")
    either = pl.concat([pairs.select("place", team=side) for side in ("team_b", "team_a")])
    owned = either.join(owner_a, on="place", maintain_order="left")
    owned = owned.join(teams_of, on="owner_a", how="left", maintain_order="left")
    apart = owned.filter(pl.all_horizontal(pl.col("team").ne_missing(pl.col(own)) for own in ("owner_a", "own")))
    return apart.unique("place", keep="first", maintain_order=True).select("place", "team")


def _other_ends(evidence: "Evidence", spoken: pl.DataFrame) -> pl.DataFrame:
    """place, system, order: whose owner may be the other one: the target first, the busiest neighbour first."""
    of_two = spoken.filter(pl.col("target").is_not_null())
    two = [of_two.select("place", system=end, order=pl.lit(order)) for order, end in enumerate(("target", "source"))]
    lines = connections(evidence)
    beside = pl.concat(
        lines.select("messages", system=end, neighbour=other)
        for end, other in (("source", "target"), ("target", "source"))
    )
    beside = beside.group_by("system", "neighbour").agg(order=-pl.col("messages").sum())
    alone = spoken.filter(pl.col("target").is_null()).join(beside, left_on="source", right_on="system")
    return pl.concat([*two, alone.select("place", "order", system="neighbour")], how="diagonal_relaxed")


def _said(side: int) -> pl.Expr:
    """The sentence of one of the two."""
    said = {report: both[side] for report, both in SAYS.items()}
    return pl.col("report").replace_strict(list(said), list(said.values()), default=ANY[side], return_dtype=TEXT)


def _addresses(evidence: "Evidence") -> pl.Series:
    """The e-mail addresses that the catalog names as owners."""
    catalog = evidence.catalog
    owners = pl.concat([getattr(catalog, section)["owner"] for section in ("systems", "integrations", "elements")])
    several = owners.drop_nulls().unique().sort()
    return several.filter(several.str.contains(f"^{EMAIL}$"))
