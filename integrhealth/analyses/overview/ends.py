"""Which systems a finding speaks of, and what lies between two of them."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.language.schema import COUNT, TEXT

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence

ENDS = {"subject": TEXT, "source": TEXT, "target": TEXT}
# A shift or a silence is told with its day, and a pair of systems with an arrow.
DAY = r" (?:since|on) \d{4}-\d{2}-\d{2}$"
PAIR = " > "


def ends(evidence: "Evidence") -> pl.DataFrame:
    """subject, source, target: each integration as the catalog declares it, else as it was seen, each checkpoint.

    An integration that leads to several systems has a row for each.
    """
    catalog = evidence.catalog
    declared = catalog.integrations.select("integration", "source", "target").drop_nulls()
    declared = declared.with_columns(_by_name(catalog.systems, end) for end in ("source", "target"))
    seen = evidence.messages.select("integration", "source", "target").drop_nulls().unique()
    seen = seen.join(declared, on="integration", how="anti")
    integrations = pl.concat([declared, seen.select(declared.columns)])
    checkpoints = catalog.checkpoints.select("integration", subject="checkpoint").join(integrations, on="integration")
    parts = [integrations.rename({"integration": "subject"}), checkpoints]
    return pl.concat([part.select(*ENDS) for part in parts]).unique().sort(*ENDS)


def _by_name(systems: pl.DataFrame, column: str) -> pl.Expr:
    """The catalog's name of a system that stands there under another."""
    aliases = systems.select("system", "aliases").drop_nulls().explode("aliases").unique("aliases", keep="first")
    return pl.col(column).replace(aliases["aliases"], aliases["system"])


def spoken_of(findings: pl.DataFrame, between: pl.DataFrame, systems: pl.Series) -> pl.DataFrame:
    """The `findings` with the systems that each speaks of: source and target, the latter null where it is one system.

    A finding speaks of a system by its name, of an integration or checkpoint of `between` (`ends`) by its own, and of
    two systems with an arrow between. One that speaks of none of `systems` is left out; one of several has
    several rows.
    """
    asked = findings.with_row_index("finding").with_columns(about=pl.col("subject").str.replace(DAY, ""))
    pair = pl.col("about").str.split_exact(PAIR, 1).struct
    themselves = asked.filter(pl.col("about").is_in(systems.implode()))
    others = asked.join(themselves, on="finding", how="anti")
    joined = others.join(between, left_on="about", right_on="subject")
    paired = others.with_columns(source=pair[0], target=pair[1]).filter(
        pl.all_horizontal(pl.col(end).is_in(systems.implode()) for end in ("source", "target"))
    )
    alone = themselves.with_columns(source="about", target=pl.lit(None, TEXT))
    rows = pl.concat(
        [part.select(*findings.columns, "finding", "source", "target") for part in (alone, joined, paired)]
    )
    return rows.sort("finding", "source", "target").drop("finding")


def connections(evidence: "Evidence") -> pl.DataFrame:
    """source, target, messages: who sends to whom, by the logs and by the catalog, each pair once."""
    seen = evidence.messages.select("source", "target").drop_nulls().with_columns(messages=pl.lit(1, COUNT))
    declared = ends(evidence).select("source", "target", messages=pl.lit(0, COUNT))
    everything = pl.concat([seen, declared]).filter(pl.col("source") != pl.col("target"))
    return everything.group_by("source", "target").agg(pl.col("messages").sum()).sort("source", "target")


def all_systems(evidence: "Evidence") -> pl.Series:
    """Every system that the logs or the catalog name, sorted."""
    messages, between = evidence.messages, ends(evidence)
    both = [messages["source"], messages["target"], between["source"], between["target"]]
    return pl.concat([*both, evidence.catalog.systems["system"]]).drop_nulls().unique().sort()
