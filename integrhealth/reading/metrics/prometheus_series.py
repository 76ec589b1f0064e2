"""What the name and the labels of a Prometheus sample say: its system, its metric, its statistic and its unit."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import polars as pl

from integrhealth.language.schema import TEXT

# The label that names the system, the first of them that a sample has.
SYSTEM_LABELS = ("job", "service", "instance")
NAME = r"^[a-zA-Z_:][a-zA-Z0-9_:]*$"
QUOTED = r'"(?:[^"\\]|\\.)*"'
TOKEN = rf"(?:[a-zA-Z_][a-zA-Z0-9_]*|{QUOTED})(?:\s*=\s*{QUOTED})?"
LABELS = rf"^\s*(?:{TOKEN}\s*(?:,\s*{TOKEN}\s*)*,?\s*)?$"
PAIR = rf"^(?P<label>[a-zA-Z_][a-zA-Z0-9_]*|{QUOTED})\s*=\s*(?P<said>{QUOTED})$"
ESCAPED, PLAIN = ["\\\\", '\\"', "\\n"], ["\\", '"', "\n"]
COMMENT = re.compile(r'#\s+(?P<what>TYPE|UNIT)\s+(?P<name>"(?:[^"\\]|\\.)*"|\S+)\s+(?P<said>\S+)\s*$')
# What the samples of a family are called besides its name, by its type, and what they tell.
PARTS = {
    "histogram": {"_bucket": "bucket", "_sum": "sum", "_count": "count", "_created": "created"},
    "gaugehistogram": {"_bucket": "bucket", "_gsum": "sum", "_gcount": "count"},
    "summary": {"_sum": "sum", "_count": "count", "_created": "created"},
    "counter": {"_created": "created"},
}
UNITS = (
    *("seconds", "milliseconds", "microseconds", "nanoseconds", "minutes", "hours", "days", "bytes", "bits"),
    *("ratio", "percent", "celsius", "meters", "volts", "amperes", "joules", "watts", "grams", "hertz"),
)
COUNTED = ("bucket", "count")
# Labels that are part of the statistic where the sample is of a histogram or a summary.
STATISTICS = ("le", "quantile")
SERIES = {"head": TEXT, "system": TEXT, "label": TEXT, "metric": TEXT, "statistic": TEXT, "unit": TEXT, "reason": TEXT}


@dataclass
class Families:
    """The types and units that the comments of a file have named so far."""

    types: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)

    def learn(self, comments: Iterable[str]) -> None:
        """Take over what the comments say; a family is known from its comment on."""
        for comment in comments:
            if (match := COMMENT.match(comment)) is not None:
                declared = self.types if match["what"] == "TYPE" else self.units
                declared[_unquoted(match["name"])] = match["said"]

    def part(self, name: str) -> tuple[str, str | None, str | None]:
        """The metric that a sample of this name is of, its statistic, and its unit."""
        for suffix in ("_bucket", "_sum", "_count", "_created", "_gsum", "_gcount"):
            family = name.removesuffix(suffix)
            statistic = PARTS.get(self.types.get(family, ""), {}).get(suffix)
            if family != name and statistic is not None:
                unit = "seconds" if statistic == "created" else self._unit(family)
                return family, statistic, None if statistic in COUNTED else unit
        family = name.removesuffix("_total")
        type_ = self.types.get(name) or self.types.get(family)
        if type_ == "counter" or (type_ is None and family != name):
            return name, "cumulative", self._unit(family)
        if type_ is None and name.endswith("_bucket"):
            return name.removesuffix("_bucket"), "bucket", None
        return name, None, self._unit(name)

    def _unit(self, family: str) -> str | None:
        return self.units.get(family) or next((unit for unit in UNITS if family.endswith(f"_{unit}")), None)


def series(heads: pl.Series, families: Families) -> pl.DataFrame:
    """One row per different HEAD (a name and, behind a brace, labels); the columns of SERIES."""
    split = pl.col("head").str.splitn("{", 2).struct.rename_fields(["bare", "labels"]).struct.unnest()
    parts = pl.DataFrame({"head": heads.cast(TEXT)}).with_columns(split)
    parts = parts.with_columns(pl.col("bare").str.strip_chars(), pl.col("labels").fill_null(""))
    labels = label_sets(parts["labels"].unique())
    parts = parts.join(labels, on="labels", how="left", maintain_order="left")
    written = pl.when(pl.col("bare") != "").then("bare")
    parts = parts.with_columns(name=pl.coalesce(written, "named"))
    parts = parts.join(_parts(parts["name"].drop_nulls().unique(), families), on="name", how="left")
    bucket = (pl.col("part") == "bucket") & pl.col("le").is_not_null()
    quantile = pl.col("part").is_null() & pl.col("quantile").is_not_null()
    statistic = (
        pl.when(bucket)
        .then(pl.format("bucket le={}", "le"))
        .when(quantile)
        .then(pl.format("quantile {}", "quantile"))
        .otherwise("part")
    )
    # Where le or quantile is not a statistic it stays a label, and a bucket without le is not a bucket.
    family = pl.when((pl.col("part") == "bucket") & ~bucket).then("name").otherwise("family")
    kept = [
        pl.when(~used.fill_null(False)).then(name) for used, name in ((bucket, "le_said"), (quantile, "quantile_said"))
    ]
    rest = pl.concat_str("rest", *kept, separator=",", ignore_nulls=True)
    reason = (
        pl.when(pl.col("malformed").fill_null(True))
        .then(pl.lit("bad_labels"))
        .when(pl.col("repeated"))
        .then(pl.lit("repeated_label"))
        .when(pl.col("name").is_null() | ((pl.col("bare") != "") & pl.col("named").is_not_null()))
        .then(pl.lit("no_metric"))
        .when(~pl.col("bare").str.contains(NAME) & (pl.col("bare") != ""))
        .then(pl.lit("no_sample"))
    )
    return parts.select(
        "head",
        "system",
        "label",
        metric=pl.when(rest != "").then(pl.concat_str(family, pl.lit("{"), rest, pl.lit("}"))).otherwise(family),
        statistic=pl.when((pl.col("part") == "bucket") & ~bucket).then(pl.lit(None, TEXT)).otherwise(statistic),
        unit="unit",
        reason=reason,
    )


def label_sets(texts: pl.Series) -> pl.DataFrame:
    """One row per different text of labels: what the known ones among them say, and the others as one text."""
    sets = pl.DataFrame({"labels": texts.cast(TEXT)}).with_row_index("row")
    sets = sets.with_columns(malformed=~pl.col("labels").str.contains(LABELS))
    tokens = sets.filter(~pl.col("malformed")).select("row", token=pl.col("labels").str.extract_all(TOKEN))
    tokens = tokens.explode("token", empty_as_null=False).with_columns(
        pl.col("token").str.extract_groups(PAIR).struct.unnest()
    )
    tokens = tokens.with_columns(name_only=pl.col("label").is_null())
    # The name of a metric outside the old alphabet stands among its labels, in quotes; a dump has it in __name__.
    tokens = tokens.with_columns(
        pl.when("name_only").then(pl.lit("__name__")).otherwise("label").alias("label"),
        pl.when("name_only").then("token").otherwise("said").alias("said"),
    ).with_columns(value=_text("said"))
    pairs = tokens.filter(pl.col("label") != "__name__")
    system = pairs.filter(pl.col("label").is_in(SYSTEM_LABELS), pl.col("value") != "").select(
        "row", "label", system="value", rank=pl.col("label").replace_strict(_ranks(), return_dtype=pl.Int8)
    )
    system = system.sort("row", "rank").unique("row", keep="first", maintain_order=True).drop("rank")
    pairs = pairs.join(system.select("row", "label", chosen=pl.lit(True)), on=["row", "label"], how="left")
    shown = pairs.filter(pl.col("chosen").is_null()).select("row", "label", "value", said=_joined("label", "said"))
    own = pl.col("label").is_in(STATISTICS)
    rest = shown.filter(~own).sort("row", "label").group_by("row", maintain_order=True).agg(rest="said")
    sets = sets.join(system, on="row", how="left", maintain_order="left")
    sets = sets.join(rest.with_columns(pl.col("rest").list.join(",")), on="row", how="left", maintain_order="left")
    for name in STATISTICS:
        one = shown.filter(pl.col("label") == name).unique("row", keep="first")
        one = one.select("row", pl.col("value").alias(name), pl.col("said").alias(f"{name}_said"))
        sets = sets.join(one, on="row", how="left", maintain_order="left")
    names = tokens.filter(pl.col("label") == "__name__").unique("row", keep="first").select("row", named="value")
    # Sorted, so that a label that stands twice is beside itself.
    ordered = tokens.select("row", "label").sort("row", "label")
    twice = (pl.col("row") == pl.col("row").shift(1)) & (pl.col("label") == pl.col("label").shift(1))
    repeated = ordered.filter(twice)["row"].implode()
    sets = sets.join(names, on="row", how="left", maintain_order="left")
    return sets.with_columns(repeated=pl.col("row").is_in(repeated)).drop("row")


def _joined(label: str, value: str) -> pl.Expr:
    return pl.concat_str(label, pl.lit("="), value)


def _ranks() -> dict[str, int]:
    return {label: rank for rank, label in enumerate(SYSTEM_LABELS)}


def _text(name: str) -> pl.Expr:
    """What stands in quotes, its escapes undone."""
    inner = pl.col(name).str.slice(1, pl.col(name).str.len_chars() - 2)
    return inner.str.replace_many(ESCAPED, PLAIN)


def _unquoted(name: str) -> str:
    return re.sub(r'\\(["\\])', r"\1", name[1:-1]) if name.startswith('"') else name


def _parts(names: pl.Series, families: Families) -> pl.DataFrame:
    rows = [(name, *families.part(name)) for name in names]
    return pl.DataFrame(rows, schema={"name": TEXT, "family": TEXT, "part": TEXT, "unit": TEXT}, orient="row")
