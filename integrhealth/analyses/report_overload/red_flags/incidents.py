"""When each incident began, and what it is about."""

import polars as pl

from integrhealth.analyses.report_overload.red_flags.naming import naming
from integrhealth.language.schema import REPAIRED

ABOUT = ("incident", "began", "ended", "kind", "name")


def incidents_about(incident_events: pl.DataFrame, every: pl.DataFrame, edges: pl.DataFrame) -> pl.DataFrame:
    """One row per incident and what it names: its objects and integrations, their systems, and who else it speaks of.

    It began with its first event, and ended with the first that says it was repaired (null: none does). Its text is
    its own name, the integration and the first action: who it was handed to later is not what it is about. `every` are
    the names to look for (``naming.names``), `edges` the systems at the ends of each integration (``naming.ends``).
    """
    repaired = pl.col("at").filter(pl.col("state").str.to_lowercase().is_in(REPAIRED)).min()
    whole = incident_events.group_by("incident").agg(began=pl.col("at").min(), ended=repaired)
    events = incident_events.join(whole, on="incident")
    first = events.filter(pl.col("at") == pl.col("began"))
    of = ("incident", "began", "ended")
    texts = pl.concat(
        [
            events.select(*of, text="incident"),
            events.select(*of, text="integration"),
            first.select(*of, text="action"),
        ]
    ).unique()
    said = texts.join(naming(texts["text"], every), on="text")
    own = pl.concat(
        [
            events.select(*of, kind=pl.lit("object"), name="object_id"),
            events.select(*of, kind=pl.lit("integration"), name="integration"),
        ]
    )
    direct = pl.concat([frame.select(*ABOUT) for frame in (said, own)]).drop_nulls("name")
    systems = direct.filter(pl.col("kind") == "integration").join(edges, left_on="name", right_on="integration")
    through = systems.select(*of, kind=pl.lit("system"), name="system")
    return pl.concat([direct, through]).unique().sort("began", "incident", "kind", "name")
