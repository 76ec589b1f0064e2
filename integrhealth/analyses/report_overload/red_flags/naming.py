"""Which integrations, systems and objects a text names: whole words, in any case, the longest name first."""

import polars as pl

from integrhealth.language.schema import COUNT, TEXT, is_named
from integrhealth.language.thresholds import LONGEST_FLAG, MIN_NAME_LETTERS, MIN_OBJECT_DIGITS

# The most specific first: a flag about an order announces what happened to that order.
KINDS = ("object", "integration", "system")
NAMES = {"kind": TEXT, "name": TEXT, "words": TEXT}
NAMING = {"text": TEXT, "kind": TEXT, "name": TEXT}
ENDS = {"integration": TEXT, "system": TEXT}


def ends(messages: pl.DataFrame, integrations: pl.DataFrame) -> pl.DataFrame:
    """One row per integration and system at one of its ends, as `messages` and the catalog's `integrations` say."""
    edges = pl.concat([each.select("integration", "source", "target").unique() for each in (messages, integrations)])
    either = edges.unpivot(on=["source", "target"], index="integration", value_name="system")
    whole = pl.all_horizontal(pl.col("integration", "system").is_not_null()) & is_named(pl.col("system"))
    return either.filter(whole).select(*ENDS).unique().sort(*ENDS)


def names(edges: pl.DataFrame, systems: pl.DataFrame, incident_events: pl.DataFrame) -> pl.DataFrame:
    """One row per name that a text can hold: kind, the name that is meant, and its words.

    Integrations and systems are those of `edges` (``ends``), of the catalog's `systems` with their aliases, and of the
    incidents; objects those of the incidents. Left out are names of one letter, and objects of fewer than four digits
    and nothing else, which as often are amounts.
    """
    aliases = systems.select("system", said="aliases").explode("said").drop_nulls()
    objects = incident_events.select(name="object_id", said="object_id").unique()
    integrations = pl.concat([frame.select("integration") for frame in (edges, incident_events)]).unique()
    declared = pl.concat([frame.select("system") for frame in (edges, systems)]).unique()
    every = pl.concat(
        [
            objects.select(kind=pl.lit("object"), name="name", said="said"),
            integrations.select(kind=pl.lit("integration"), name="integration", said="integration"),
            declared.select(kind=pl.lit("system"), name="system", said="system"),
            aliases.select(kind=pl.lit("system"), name="system", said="said"),
        ]
    )
    words = _words(pl.col("said"))
    letters = words.str.strip_chars().str.len_chars()
    amount = (pl.col("kind") == "object") & words.str.contains(r"^ [0-9 ,]+ $") & (letters < MIN_OBJECT_DIGITS)
    return (
        every.drop_nulls()
        .filter(letters >= MIN_NAME_LETTERS, ~amount)
        .select("kind", "name", words=words)
        .unique()
        .sort("kind", "name", "words")
    )


def _words(text: pl.Expr) -> pl.Expr:
    """The words of a text in small letters, a blank around each; of what parts them only commas are kept."""
    plain = text.str.head(LONGEST_FLAG).str.normalize("NFKC").str.to_lowercase().str.replace_all(r"[,;]", " , ")
    parted = plain.str.replace_all(r"[^\p{L}\p{M}\p{N},]+", " ").str.strip_chars(" ,")
    return pl.concat_str(pl.lit(" "), parted, pl.lit(" "))


def naming(texts: pl.Series, every: pl.DataFrame) -> pl.DataFrame:
    """One row per text of `texts` and name of `every` (``names``) in it; a name inside a longer one is not meant."""
    different = texts.drop_nulls().unique().sort()
    looked_for = every["words"].unique().sort()
    if different.is_empty() or looked_for.is_empty():
        return pl.DataFrame(schema=NAMING)
    words = pl.DataFrame({"text": different}).with_columns(words=_words(pl.col("text")))
    # One blank ends a word and begins the next.
    matches = words.select(
        "text",
        start=pl.col("words").str.find_many(looked_for.to_list(), overlapping=True),
        words=pl.col("words").str.extract_many(looked_for.to_list(), overlapping=True),
    )
    placed = (
        matches.explode("start", "words")
        .drop_nulls()
        .with_columns(start=pl.col("start").cast(COUNT))
        .with_columns(end=pl.col("start") + pl.col("words").str.len_bytes())
        .sort("text", "start", "end", descending=[False, False, True])
    )
    reached = pl.col("end").cum_max().shift().over("text")
    meant = placed.filter((pl.col("end") > reached).fill_null(True))
    return meant.join(every, on="words").select(*NAMING).unique().sort(*NAMING)
