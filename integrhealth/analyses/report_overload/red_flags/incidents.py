"""When each incident began, and what it is about."""

import polars as pl

from integrhealth.analyses.report_overload.red_flags.naming import naming
from integrhealth.language.schema import TEXT, TIME

ABOUT = {"incident": TEXT, "began": TIME, "kind": TEXT, "name": TEXT}


def incidents_about(incident_events: pl.DataFrame, every: pl.DataFrame, edges: pl.DataFrame) -> pl.DataFrame:
    """One row per incident and what it names: its objects and integrations, their systems, and who else it speaks of.

    It began with its first event. Its text is its own name, the integration and the first action: who it was handed to
    later is not what it is about. `every` are the names to look for (``naming.names``), `edges` the systems at the
    ends of each integration (``naming.ends``).
    """
    events = incident_events.with_columns(began=pl.col("at").min().over("incident"))
    first = events.filter(pl.col("at") == pl.col("began"))
    texts = pl.concat(
        [
            events.select("incident", "began", text="incident"),
            events.select("incident", "began", text="integration"),
            first.select("incident", "began", text="action"),
        ]
    ).unique()
    said = texts.join(naming(texts["text"], every), on="text")
    own = pl.concat(
        [
            events.select("incident", "began", kind=pl.lit("object"), name="object_id"),
            events.select("incident", "began", kind=pl.lit("integration"), name="integration"),
        ]
    )
    direct = pl.concat([frame.select(*ABOUT) for frame in (said, own)]).drop_nulls()
    systems = direct.filter(pl.col("kind") == "integration").join(edges, left_on="name", right_on="integration")
    through = systems.select("incident", "began", kind=pl.lit("system"), name="system")
    return pl.concat([direct, through]).unique().sort("began", "incident", "kind", "name")
