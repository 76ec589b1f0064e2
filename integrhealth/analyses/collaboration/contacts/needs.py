"""Who should talk: the teams whose systems are integrated, and what flows between them."""

import polars as pl

from integrhealth.analyses.collaboration.team_contacts import PAIR, as_declared, unordered
from integrhealth.language.schema import NUMBER, TEXT, TIME, WORDS, is_business, is_delivered

NEEDS = {"team_a": TEXT, "team_b": TEXT, "integrations": WORDS}
FLOWS = {"team_a": TEXT, "team_b": TEXT, "integration": TEXT, "sent_at": TIME, "value": NUMBER}
EDGE = ("source", "target", "integration")


def teams_of_systems(systems: pl.DataFrame, teams: pl.DataFrame, shown: pl.DataFrame) -> pl.DataFrame:
    """One row per system of a team that is `shown`: system, team."""
    owned = systems.select("system", team=as_declared("team", teams)).drop_nulls()
    return owned.join(shown, on="team", how="semi").unique("system", keep="first", maintain_order=True)


def needs(integrations: pl.DataFrame, messages: pl.DataFrame, owned: pl.DataFrame) -> pl.DataFrame:
    """One row per pair of teams between whose systems there is an integration, with the names of all of them.

    The need matrix T_A T_D T_A' (Cataldo et al., CSCW 2006): T_A are the systems of each team (`owned`), T_D the
    `integrations` of the catalog and the edges of `messages`. Load tests make no need.
    """
    sent = messages.filter(is_business()).select(EDGE).unique()
    edges = pl.concat([integrations.select(EDGE), sent]).filter(pl.col("source") != pl.col("target"))
    rows = between_teams(edges.unique(), owned)
    made = rows.group_by(PAIR).agg(integrations=pl.col("integration").drop_nulls().unique().sort())
    return made.select(*NEEDS).cast(NEEDS).sort(PAIR)


def flows(messages: pl.DataFrame, owned: pl.DataFrame, *, currency: str | None) -> pl.DataFrame:
    """One row per delivered message between systems of two teams: the teams, integration, sent_at, value; in the order
    of time.

    ``value`` is the amount, without sign, where it is in `currency` or says none; else null. Load tests are left out.
    """
    delivered = messages.filter(is_delivered(pl.col("status")), is_business())
    counted = (pl.col("currency") == currency) if currency else pl.lit(True)
    amount = pl.when(pl.col("currency").is_null() | counted, pl.col("amount").is_finite()).then(pl.col("amount").abs())
    rows = between_teams(delivered.select(*EDGE, "sent_at", value=amount), owned)
    return rows.select(*FLOWS).cast(FLOWS).sort("sent_at")


def most_used_currency(messages: pl.DataFrame) -> str | None:
    """The currency of most messages with an amount, of several the first by name; None where none is named."""
    counted = messages.drop_nulls(["amount", "currency"]).group_by("currency").agg(messages=pl.len())
    first = counted.sort("messages", "currency", descending=[True, False]).head(1)
    return first["currency"].item() if first.height else None


def between_teams(edges: pl.DataFrame, owned: pl.DataFrame) -> pl.DataFrame:
    """The rows of `edges` (source, target) whose systems belong to two teams that are `owned`, with both teams."""
    sides = edges.join(owned.rename({"system": "source", "team": "team_a"}), on="source").join(
        owned.rename({"system": "target", "team": "team_b"}), on="target"
    )
    return unordered(sides.filter(pl.col("team_a") != pl.col("team_b")))
