"""Series of metrics: how one is written as text, and where a counter begins anew."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from integrhealth.reading.records.nested import text

CUMULATIVE = "cumulative"


def series_text(name: str, labels: Mapping[str, Any]) -> str:
    """A metric and its labels as Prometheus writes them, sorted: ``name{path="/a"}``."""
    pairs_sorted = sorted((label, text(value)) for label, value in labels.items() if value is not None)
    pairs = ",".join(f'{label}="{escaped(value or "")}"' for label, value in pairs_sorted)
    return f"{name}{{{pairs}}}" if pairs else name


def escaped(value: str) -> str:
    """The value of a label as it stands in quotes."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def resets_note(metrics: pl.DataFrame) -> list[str]:
    """A sentence on counters that fell, which they do only when their process starts again; nothing if none did."""
    counters = metrics.filter(pl.col("statistic") == CUMULATIVE).sort("system", "metric", "time", maintain_order=True)
    fell = pl.col("value") < pl.col("value").shift(1).over("system", "metric")
    resets = counters.select(fell.sum()).item()
    return [f"counters that began anew (resets; the value is as it stands): {resets:,}"] if resets else []
