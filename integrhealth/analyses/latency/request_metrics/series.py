"""Which series of metrics count requests: of whom, asked by whom, how they ended, and up to which latency."""

import polars as pl

from integrhealth.analyses.latency.request_metrics.conventions import (
    CLIENT,
    CONVENTIONS,
    EITHER,
    IN_PARTS,
    MAPPED,
    NOBODY,
    PROCESS,
    SERVER,
    SIDE_WORDS,
    SIDES,
    SPAN_SYSTEM,
    STATUS_LABELS,
    TIERS,
    UNIT_SUFFIX,
    UNITS_MS,
    conventional,
    outcome,
)
from integrhealth.language.measured import CUMULATIVE, METRIC_MEANINGS
from integrhealth.language.schema import COUNT, FLAG, NUMBER, TEXT

# What makes a series.
SERIES_KEYS = ("system", "metric", "statistic", "unit", "meaning")
PAIR = r'([^\s{}",=]+)="((?:[^"\\]|\\.)*)"'
ESCAPED, PLAIN = ["\\\\", '\\"', "\\n"], ["\\", '"', "\n"]
# What the parts of a histogram are called where nothing told that it is one.
PARTS = {"_bucket": "bucket", "_count": "count"}
# The meanings that are of requests, with the unit of the times where it names one.
OF_REQUESTS = {"requests": None, "failed": None, "duration": None, "duration_ms": "ms"}
REQUEST_SERIES = {
    "series": COUNT,
    "source": TEXT,
    "target": TEXT,
    "side": TEXT,
    "traffic": TEXT,
    "instrument": TEXT,
    "rank": COUNT,
    "part": TEXT,
    "delta": FLAG,
    "failed": FLAG,
    "status": TEXT,
    "histogram": COUNT,
    "process": COUNT,
    "family": COUNT,
    "le_ms": NUMBER,
}


def request_series(series: pl.DataFrame, aliases: pl.DataFrame) -> pl.DataFrame:
    """One row per series that counts requests, of `series` (the columns of SERIES_KEYS and ``series``, a number).

    ``source`` asks ``target``; it is null where no label names it. ``part`` is "count" (a counter, or the count of a
    histogram) or "bucket" (requests that took at most ``le_ms``). ``status`` is how they ended, null where a label says
    it in a word that is not known, "unlabelled" where none does. Series of one ``instrument`` add up; of one
    ``family`` they are one metric of one ``process`` and begin anew together; of one ``histogram`` they are its
    buckets. `aliases` are those of the catalog.
    """
    chosen = _recognised(_parts(series))
    if chosen.is_empty():
        return pl.DataFrame(schema=REQUEST_SERIES)
    labels = _labels(chosen)
    sided = _sided(chosen, labels, aliases)
    stated = sided.join(_statuses(labels), on="series", how="left", maintain_order="left")
    numbered = stated.join(_others(labels), on="series", how="left", maintain_order="left")
    keys = numbered.with_columns(pl.col("process_labels", "other_labels").fill_null(""))
    return (
        _coarsest(keys)
        .select(
            status=pl.when(pl.col("labelled").is_null()).then(pl.lit("unlabelled")).otherwise("status"),
            rank="convention",
            histogram=pl.struct("system", "bare", "other_labels").rank("dense").cast(COUNT),
            process=pl.struct("system", "process_labels").rank("dense").cast(COUNT),
            family=pl.struct("system", "bare", "process_labels").rank("dense").cast(COUNT),
            **{
                name: pl.col(name)
                for name in REQUEST_SERIES
                if name not in ("status", "rank", "histogram", "process", "family")
            },
        )
        .select(list(REQUEST_SERIES))
    )


def _parts(series: pl.DataFrame) -> pl.DataFrame:
    """`series` with what name, statistic and unit say: bare, base, part, counter, delta, le_ms."""
    split = pl.col("metric").str.splitn("{", 2).struct.rename_fields(["bare", "labels"]).struct.unnest()
    statistic = pl.col("statistic").fill_null("")
    cut = series.with_columns(split).with_columns(
        in_parts=pl.col("bare").str.to_lowercase().str.contains(f"^(?:{IN_PARTS})$"),
        delta=statistic.str.starts_with("delta") | (statistic.str.to_lowercase() == "sum"),
        said=statistic.str.replace("^delta ", ""),
        low=pl.col("bare").str.to_lowercase().str.replace_all(".", "_", literal=True),
    )
    untyped = cut["said"] == ""
    ending = pl.col("low").str.extract(r"(_bucket|_count)$")
    cut = cut.with_columns(
        part=pl.when(pl.col("said").str.starts_with("bucket"))
        .then(pl.lit("bucket"))
        .when(pl.col("said") == "count")
        .then(pl.lit("count"))
        .when(untyped & ending.is_not_null())
        .then(ending.replace(PARTS)),
        # The sum of a histogram is one of times; of what CloudWatch or a mapping calls requests it is their number.
        counter=pl.when("in_parts")
        .then(pl.col("said").str.to_lowercase() == "sum")
        .otherwise(pl.col("said").is_in([CUMULATIVE, "delta", "Sum", ""])),
        bare=pl.when(untyped & ending.is_not_null())
        .then(pl.col("bare").str.replace(r"(_bucket|_count)$", ""))
        .otherwise("bare"),
    )
    total = pl.when(untyped).then(pl.col("low").str.replace(r"(_bucket|_count)$", "")).otherwise("low")
    total = total.str.replace(r"_total$", "")
    base = total.str.replace(UNIT_SUFFIX, "").str.replace(r"_total$", "")
    le = pl.coalesce(
        pl.col("said").str.extract(r"le=(.+)$"), pl.col("labels").str.extract(r'(?:^|,)le="([^"]*)"')
    ).str.replace("(?i)^[+]?inf.*$", "inf")
    return cut.with_columns(base=base, named_unit=total.str.extract(UNIT_SUFFIX), le=le.cast(NUMBER, strict=False))


def _recognised(parts: pl.DataFrame) -> pl.DataFrame:
    """The series that a convention, or their meaning, makes counts of requests."""
    listed = conventional(parts["base"].unique().sort().to_list())
    mapped = pl.col("meaning").is_in(list(OF_REQUESTS))
    table = pl.DataFrame(
        [(place, each.traffic, each.side, each.unit, each.failed) for place, each in enumerate(CONVENTIONS)],
        schema={"convention": COUNT, "traffic": TEXT, "from": TEXT, "usual_unit": TEXT, "failed": FLAG},
        orient="row",
    )
    joined = parts.join(listed, on="base", how="left", maintain_order="left")
    joined = joined.join(table, on="convention", how="left", maintain_order="left")
    of_its_own = pl.col("meaning").is_null() | ~pl.col("meaning").is_in(METRIC_MEANINGS)
    units = joined.drop_nulls("unit").group_by("system", "bare").agg(family_unit=pl.col("unit").first())
    joined = joined.join(units, on=["system", "bare"], how="left", maintain_order="left")
    said = joined.with_columns(
        traffic=pl.when(mapped).then(pl.lit("mapped")).when(of_its_own).then("traffic"),
        convention=pl.when(mapped).then(-1).otherwise("convention"),
        failed=pl.when(mapped).then(pl.col("meaning") == "failed").otherwise("failed"),
        ms=pl.coalesce(
            pl.col("meaning").replace_strict(OF_REQUESTS, default=None, return_dtype=TEXT),
            "named_unit",
            pl.col("family_unit").str.strip_chars("{}").str.to_lowercase(),
            "usual_unit",
            pl.lit("s"),
        ).replace_strict(UNITS_MS, default=None, return_dtype=NUMBER),
    )
    # What only looks like requests must say that it counts, and not that it is a gauge.
    sure = (pl.col("traffic") != "alike") | (pl.col("said") != "") | pl.col("low").str.contains("_total$|_bucket$")
    counts = (pl.col("part").is_not_null() & ~pl.col("in_parts")) | pl.col("counter")
    return said.filter(pl.col("traffic").is_not_null(), sure, counts).with_columns(
        le_ms=pl.when(pl.col("part") == "bucket").then(pl.col("le") * pl.col("ms")),
        # Counters that have nothing in common but their meaning add up; so do histograms.
        instrument=pl.concat_str(
            pl.when(pl.col("traffic") == "mapped").then(pl.lit("mapped")).otherwise("bare"),
            pl.when(pl.col("part").is_null()).then(pl.lit(" counter")).otherwise(pl.lit(" histogram")),
        ),
        part=pl.col("part").fill_null("count"),
    )


def _labels(chosen: pl.DataFrame) -> pl.DataFrame:
    """series, label (points as underscores, in lower case), word: what the labels of each series say."""
    texts = chosen.select("labels").drop_nulls().unique()
    pairs = texts.with_columns(pair=pl.col("labels").str.extract_all(PAIR)).explode("pair").drop_nulls("pair")
    groups = pl.col("pair").str.extract_groups(PAIR)
    read = pairs.select(
        "labels",
        written=groups.struct.field("1"),
        word=groups.struct.field("2").str.replace_many(ESCAPED, PLAIN),
    )
    plain = pl.col("written").str.replace_all(".", "_", literal=True)
    read = read.with_columns(label=plain.str.to_lowercase(), plain=plain)
    return chosen.select("series", "labels", "convention").join(read, on="labels").drop("labels")


def _first(labels: pl.DataFrame, names: pl.DataFrame, column: str) -> pl.DataFrame:
    """series and `column`: the word of the first label of `names` (convention, label, place) that names somebody."""
    somebody = labels.filter(~pl.col("word").str.strip_chars().str.to_lowercase().is_in(NOBODY))
    fits = somebody.join(names, on=["convention", "label"])
    first = fits.sort("series", "place").unique("series", keep="first", maintain_order=True)
    return first.select("series", pl.col("word").alias(column))


def _sided(chosen: pl.DataFrame, labels: pl.DataFrame, aliases: pl.DataFrame) -> pl.DataFrame:
    """`chosen` with source, target and side; what neither side counts, or asks of nobody chosen, is left out."""
    listed = {
        column: pl.DataFrame(
            [
                (place, label.lower(), rank)
                for place, convention in [*enumerate(CONVENTIONS), (-1, MAPPED)]
                for rank, label in enumerate(getattr(convention, column))
            ],
            schema={"convention": COUNT, "label": TEXT, "place": COUNT},
            orient="row",
        )
        for column in ("source", "target")
    }
    service = pl.DataFrame({"label": SPAN_SYSTEM, "place": range(len(SPAN_SYSTEM))}, schema_overrides={"place": COUNT})
    spans = [place for place, each in enumerate(CONVENTIONS) if each.side == EITHER and not each.source]
    service = service.join(pl.DataFrame({"convention": spans}, schema={"convention": COUNT}), how="cross")
    sides = labels.filter(pl.col("label").is_in(SIDES)).select(
        "series",
        said_side=pl.col("word").str.to_lowercase().replace_strict(SIDE_WORDS, default=None, return_dtype=TEXT),
    )
    joined = chosen.join(sides.drop_nulls().unique("series", keep="first"), on="series", how="left")
    for column, names in (*((f"said_{name}", each) for name, each in listed.items()), ("said_system", service)):
        joined = joined.join(_first(labels, names, column), on="series", how="left")
    asks = pl.when(pl.col("said_target").is_null()).then(pl.lit(SERVER)).otherwise(pl.lit(CLIENT))
    mapped = pl.when(pl.col("traffic") == "mapped").then(asks)
    side = mapped.when(pl.col("from") == EITHER).then("said_side").otherwise("from")
    system = pl.coalesce("said_system", "system")
    sided = joined.with_columns(side=side).with_columns(
        source=pl.when(pl.col("side") == CLIENT).then(pl.coalesce("said_source", system)).otherwise("said_source"),
        target=pl.when(pl.col("side") == CLIENT).then("said_target").otherwise(pl.coalesce("said_target", system)),
    )
    by_catalog = pl.col("source", "target").replace(aliases["alias"], aliases["system"])
    sided = sided.with_columns(by_catalog)
    sided = sided.filter(~pl.col("in_parts") | pl.col("said_target").is_not_null())
    inside = pl.col("source") == pl.col("target")
    return (
        sided.with_columns(source=pl.when((pl.col("side") == SERVER) & inside).then(None).otherwise("source"))
        .filter(pl.col("side").is_not_null(), pl.col("target").is_not_null(), ~inside.fill_null(False))
        .sort("series")
    )


def _statuses(labels: pl.DataFrame) -> pl.DataFrame:
    """series, labelled, status: the surest label that tells how requests ended; null where its word is not known."""
    ranks = pl.DataFrame(
        {"label": list(STATUS_LABELS), "place": range(len(STATUS_LABELS))}, schema_overrides={"place": COUNT}
    )
    said = labels.join(ranks, on="label")
    words = said.select("label", "word").unique()
    judged = [(label, word, outcome(label, word)) for label, word in words.iter_rows()]
    judged = pl.DataFrame(judged, schema={"label": TEXT, "word": TEXT, "status": TEXT}, orient="row")
    said = said.join(judged, on=["label", "word"], nulls_equal=True)
    return (
        said.sort("series", pl.col("status").is_null(), "place")
        .unique("series", keep="first", maintain_order=True)
        .select("series", "status", labelled=pl.lit(True))
    )


def _others(labels: pl.DataFrame) -> pl.DataFrame:
    """series, process_labels and other_labels as texts: the labels that name a process, and all but le."""
    pair = pl.concat_str("plain", pl.lit("="), "word")
    ordered = labels.filter(pl.col("label") != "le").sort("series", "plain")
    return ordered.group_by("series", maintain_order=True).agg(
        process_labels=pair.filter(pl.col("label").is_in(PROCESS)).str.join(","),
        other_labels=pair.str.join(","),
        said_labels=pl.len(),
    )


def _coarsest(series: pl.DataFrame) -> pl.DataFrame:
    """`series` without the parts of sums that stand beside them: of some metrics the fewest labels count."""
    few = pl.col("said_labels").fill_null(0)
    least = few.min().over("target", "bare")
    return series.filter(~pl.col("in_parts") | (few == least))


def tier(traffic: pl.Expr) -> pl.Expr:
    """How far a kind of traffic stands back behind the others of the same edge: 0 first."""
    return traffic.replace_strict(TIERS, return_dtype=COUNT)
