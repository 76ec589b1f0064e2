"""What shifts ask people to talk about: one finding for all that changed alike on one day, as a release does it."""

import polars as pl

from integrhealth.analyses.latency.shifts.rhythm import LATENCIES
from integrhealth.analyses.latency.tables import NAME
from integrhealth.language.findings import findings, integration_owners, ranked, severity
from integrhealth.language.thresholds import (
    LEAST_CHANGE,
    MUCH_CHANGE,
    SAME_CHANGE_DAYS,
    SAME_RELEASE_DAYS,
    SAME_SEASON_DAYS,
    SLO_SUCCESS,
)
from integrhealth.language.wording import percent, spoken_ms

KEY = ("integration", "metric")


def shift_findings(shifts: pl.DataFrame, integrations: pl.Series, declared: pl.DataFrame) -> pl.DataFrame:
    """Slower and faster, failing more and less, busier and quieter integrations; what drifts is told apart.

    A warning where latency or error share certainly rose, and rose by half or beyond what the catalog (`declared`)
    promises; the family are all `integrations` that were looked at. All else is a note.
    """
    judged = _judged(shifts, integrations, declared)
    steady, metric = judged.filter(pl.col("kind") == "shift"), pl.col("metric")
    parts = {
        _slower_or_faster: steady.filter(metric.is_in(LATENCIES)),
        _failing_more_or_less: steady.filter(metric == "error_share"),
        _busier_or_quieter: steady.filter(metric == "messages"),
        _drifting: judged.filter(pl.col("kind") == "drift", metric != "messages"),
    }
    return ranked(said(rows) for said, rows in parts.items() if rows.height)


def _judged(shifts: pl.DataFrame, integrations: pl.Series, declared: pl.DataFrame) -> pl.DataFrame:
    """Every shift with owner, severity and words."""
    promised = declared.select("integration", "slo_p95_ms", "slo_success").unique(
        "integration", keep="first", maintain_order=True
    )
    tested = (
        integrations.unique()
        .sort()
        .to_frame("integration")
        .join(pl.DataFrame({"metric": [*LATENCIES, "error_share"]}), how="cross")
    )
    allowed = (
        pl.when(pl.col("metric") == "p95_ms")
        .then("slo_p95_ms")
        .when(pl.col("metric") == "error_share")
        .then(1 - pl.col("slo_success").fill_null(SLO_SUCCESS))
    )
    breaks = ((pl.col("before") <= allowed) & (pl.col("after") > allowed)).fill_null(False)
    # Errors that are still within what is promised are none to be warned of, however much more they have become.
    harmless = (pl.col("metric") == "error_share") & (pl.col("after") <= allowed)
    much = (pl.col("change").fill_null(MUCH_CHANGE) >= MUCH_CHANGE) & (pl.col("after") > pl.col("before")) & ~harmless
    # What was looked at and did not shift is a member of the family too.
    certain = pl.when(much | breaks).then("p_value").otherwise(1.0).fill_null(1.0)
    of_errors = pl.col("metric") == "error_share"
    families = [
        tested.filter(chosen)
        .join(shifts, on=KEY, how="left")
        .join(promised, on="integration", how="left")
        .with_columns(severity=severity(warning=certain))
        for chosen in (~of_errors, of_errors)
    ]
    volumes = shifts.filter(pl.col("metric") == "messages").with_columns(severity=pl.lit("note"))
    return (
        pl.concat([*families, volumes], how="diagonal")
        .filter(pl.col("at").is_not_null())
        .join(integration_owners(declared), on="integration", how="left")
        .with_columns(
            up=pl.col("after") > pl.col("before"),
            size=(pl.col("after") / pl.col("before")).log().abs(),
            n=pl.col("n_before") + pl.col("n_after"),
            day=_day("at"),
        )
        .sort("integration", "metric", "at")
    )


def _slower_or_faster(rows: pl.DataFrame) -> pl.DataFrame:
    joint = _together(rows, "became slower", "became faster", within_days=SAME_RELEASE_DAYS)
    ask = pl.format("What was changed around {} at {}?", "day", "names")
    return findings(NAME, "latency_shift", joint.with_columns(ask=ask))


def _failing_more_or_less(rows: pl.DataFrame) -> pl.DataFrame:
    joint = _together(rows, "fail more often", "fail less often", within_days=SAME_RELEASE_DAYS)
    ask = pl.format("What was changed around {} at {}, and who looks at what fails?", "day", "names")
    return findings(NAME, "errors_shift", joint.with_columns(ask=ask))


def _busier_or_quieter(rows: pl.DataFrame) -> pl.DataFrame:
    """A season comes to all within days, a release within one."""
    joint = _together(rows, "have more messages", "have fewer messages", within_days=SAME_SEASON_DAYS)
    ask = pl.format("Who expected around {} that the volume of {} would change?", "day", "names")
    return findings(NAME, "volume_shift", joint.with_columns(ask=ask))


def _together(rows: pl.DataFrame, more: str, less: str, *, within_days: int) -> pl.DataFrame:
    """One row for all integrations that shifted in one direction `within_days` of each other, the largest first.

    `more` and `less` are how messages that changed upwards and downwards are spoken of.
    """
    # Half of the messages and the slowest of them that shift within a week are one shift of one integration.
    apart = (pl.col("at").diff() > pl.duration(days=SAME_CHANGE_DAYS)).fill_null(True).over("integration", "up")
    warned = pl.col("severity") == "warning"
    each = (
        rows.sort("integration", "up", "at")
        .with_columns(event=apart.cum_sum().over("integration", "up"))
        .sort("p_value", "metric", "at")
        .group_by("integration", "up", "event", maintain_order=True)
        .agg(warned.any().alias("warned"), pl.exclude("severity").first())
    )
    later = (pl.col("at").diff() > pl.duration(days=within_days)).fill_null(True).over("up")
    joint = (
        each.sort("up", "at", "integration")
        .with_columns(release=later.cum_sum().over("up"))
        .sort("size", "integration", descending=[True, False], nulls_last=False)
        .group_by("up", "release", maintain_order=True)
        .agg(
            pl.col("integration", "metric", "measured_by", "at", "day", "before", "after", "change", "owner").first(),
            names=_listed(pl.col("integration")),
            others=pl.len() - 1,
            n=pl.col("n").sum(),
            severity=pl.when(pl.col("warned").any()).then(pl.lit("warning")).otherwise(pl.lit("note")),
        )
    )
    alone = pl.format("{}: {} since {}; {} before.", "integration", _said("after"), "day", _level("before"))
    together = pl.format(
        "{} {} around {}; {}: {}, {} before.",
        "names",
        pl.when("up").then(pl.lit(more)).otherwise(pl.lit(less)),
        "day",
        "integration",
        _said("after"),
        _level("before"),
    )
    return joint.with_columns(
        subject=pl.format("{} since {}", "names", pl.col("at").dt.strftime("%Y-%m-%d")),
        statement=pl.when(pl.col("others") > 0).then(together).otherwise(alone),
        value=pl.col("change"),
        unit=pl.lit("change, share of before"),
        threshold=pl.lit(LEAST_CHANGE),
    )


def _drifting(rows: pl.DataFrame) -> pl.DataFrame:
    """One finding per integration whose latency or error share went slowly from one level to another."""
    each = rows.sort("p_value", "metric").unique(["integration", "up"], keep="first", maintain_order=True)
    drifted = each.with_columns(
        subject=pl.format("{} since {}", "integration", pl.col("at").dt.strftime("%Y-%m-%d")),
        statement=pl.format(
            "{} drifts: {} on {}, {} on {}, without a single step.",
            "integration",
            _said("before"),
            "day",
            _level("after"),
            _day("until"),
        ),
        value=pl.col("change"),
        unit=pl.lit("change, share of before"),
        threshold=pl.lit(LEAST_CHANGE),
        ask=pl.format(
            "What grows or shrinks week by week behind {}: data, load, or something that is never cleaned up?",
            "integration",
        ),
    )
    return findings(NAME, "drift", drifted)


def _listed(names: pl.Expr) -> pl.Expr:
    """Up to three names in full, of more the first two."""
    count = pl.len()
    first, second, third = (names.get(place, null_on_oob=True) for place in range(3))
    return (
        pl.when(count == 1)
        .then(first)
        .when(count == 2)
        .then(pl.format("{} and {}", first, second))
        .when(count == 3)
        .then(pl.format("{}, {} and {}", first, second, third))
        .otherwise(pl.format("{}, {} and {} more", first, second, count - 2))
    )


def _said(level: str) -> pl.Expr:
    """A level of a metric as the predicate of a sentence about messages; histograms tell an upper bound of latency."""
    metric, bound = pl.col("metric"), pl.col("measured_by") == "metrics"
    return (
        pl.when(bound & (metric == "p50_ms"))
        .then(pl.format("half of the messages take at most {}", _level(level)))
        .when(bound & (metric == "p95_ms"))
        .then(pl.format("95 of 100 messages take at most {}", _level(level)))
        .when(metric == "p50_ms")
        .then(pl.format("half of the messages take more than {}", _level(level)))
        .when(metric == "p95_ms")
        .then(pl.format("5 of 100 messages take longer than {}", _level(level)))
        .when(metric == "error_share")
        .then(pl.format("{} of the messages fail", _level(level)))
        .otherwise(pl.format("{} messages a day", _level(level)))
    )


def _level(level: str) -> pl.Expr:
    metric, value = pl.col("metric"), pl.col(level)
    rounded = value.round_sig_figs(2)
    count = pl.when(value < 10).then(rounded.cast(pl.String)).otherwise(value.round().cast(pl.Int64).cast(pl.String))
    return (
        pl.when(metric == "error_share")
        .then(percent(value))
        .when(metric == "messages")
        .then(count.str.replace(r"\.0$", ""))
        .otherwise(spoken_ms(value))
    )


def _day(at: str) -> pl.Expr:
    return pl.col(at).dt.strftime("%-d %B %Y")
