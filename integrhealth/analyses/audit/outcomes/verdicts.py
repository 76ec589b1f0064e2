"""What an integration did to its metric: the effect beside the trend that was there, and the word that follows."""

import numpy as np
import polars as pl

from integrhealth.analyses.audit.outcomes.series import MEASURED_ELSEWHERE, NO_SERIES, SEVERAL_SERIES
from integrhealth.analyses.audit.outcomes.trend import interrupted, trend_begins
from integrhealth.language.schema import COUNT, NUMBER, TEXT
from integrhealth.language.thresholds import MIN_OUTCOME_POINTS

# Every word of the column ``verdict``, with what it says.
VERDICTS = {
    "met": "certainly better than the trend, and the target was reached by the day it was due",
    "improving": "certainly better than the trend; the target was not reached by the day it was due, or has none",
    "no change": "not certainly apart from the trend that was there before",
    "worse": "certainly worse than the trend, and worse than before",
    "cannot tell": "what the log and the catalog hold does not decide it",
    "not declared before go-live": "what is chosen afterwards proves nothing",
}
UNDECLARED = "not declared before go-live"
# Every word of the column ``why``: the verdict that follows from it, and what it says. The first that holds stands.
WHYS = {
    "no success metric": (UNDECLARED, "the catalog names no metric"),
    "no day of declaration": (UNDECLARED, "nobody wrote when the metric was declared"),
    "declared afterwards": (UNDECLARED, "the metric was declared on the day of go-live or later"),
    "no go-live": ("cannot tell", "the catalog has no day of go-live"),
    "no direction": ("cannot tell", "neither `better` nor baseline and target say which way is better"),
    NO_SERIES: ("cannot tell", "no metric of that name was measured"),
    MEASURED_ELSEWHERE: ("cannot tell", "it is measured at a system that is neither target nor source"),
    SEVERAL_SERIES: ("cannot tell", "it has several statistics or units; the name in the catalog does not say which"),
    "not live": ("cannot tell", "the values end before go-live"),
    "few before": ("cannot tell", "too few days before go-live, or since the last shift before it"),
    "few after": ("cannot tell", "too few days since go-live"),
    "target reached": ("met", "certainly better than the trend, target reached in time"),
    "better than the trend": ("improving", "certainly better than the trend, target not reached in time"),
    "worse than the trend": ("worse", "certainly worse than the trend and than the mean before"),
    "as the trend": ("no change", "what the trend before go-live and chance would bring"),
}
SIGN = {"lower": -1.0, "higher": 1.0}
EFFECTS = {
    "integration": TEXT,
    "change": NUMBER,
    "margin": NUMBER,
    "trend": NUMBER,
    "trend_since": pl.Date,
    "mean_before": NUMBER,
    "value_now": NUMBER,
    "value_due": NUMBER,
}
LINES = {"integration": TEXT, "day": pl.Date, "fitted": NUMBER, "continued": NUMBER}


def better(integrations: pl.DataFrame) -> pl.DataFrame:
    """integration, sign: 1 where a higher value is better, -1 where a lower one is; else by the target."""
    wanted = (pl.col("success_target") - pl.col("success_baseline")).sign()
    said = pl.col("success_better").replace_strict(SIGN, default=None, return_dtype=NUMBER)
    sign = pl.coalesce(said, wanted)
    return integrations.select("integration", sign=pl.when(sign != 0).then(sign))


def effects(around: pl.DataFrame, integrations: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What can be fitted: one row per integration (EFFECTS), and the two lines day by day (LINES).

    `around` are the rows of ``days_around``. Where a shift before go-live certainly was, the trend begins after it.
    ``value_now`` and ``value_due`` are of the fitted line, on the last day and on the day due if that is earlier.
    """
    due = dict(integrations.select("integration", "success_due").iter_rows())
    fitted, lines = [], []
    for (name,), rows in around.drop_nulls("since").sort("day").partition_by("integration", as_dict=True).items():
        day, value = rows["since"].to_numpy(), rows["value"].to_numpy()
        # Squares of very large values have no number.
        scale = np.abs(value).max() or 1.0
        value = value / scale
        weekday, before = rows["day"].dt.weekday().to_numpy(), int((day < 0).sum())
        if min(before, len(day) - before) < MIN_OUTCOME_POINTS:
            continue
        begins = trend_begins(day[:before], value[:before], weekday[:before])
        if before - begins < MIN_OUTCOME_POINTS:
            continue
        used = slice(begins, None)
        fit = interrupted(day[used], value[used], weekday[used], scale=scale)
        dates = rows["day"][begins:]
        on_due = len(dates) if due[name] is None else int((dates <= due[name]).sum())
        fitted.append(
            {
                "integration": name,
                "change": fit.effect,
                "margin": fit.margin,
                "trend": fit.slope,
                "trend_since": dates[0],
                "mean_before": float(np.mean(value[begins:before]) * scale),
                "value_now": float(fit.level[-1]),
                # A day due before go-live is none on which the integration can have reached anything.
                "value_due": float(fit.level[on_due - 1]) if on_due > before - begins else None,
            }
        )
        lines.append(
            pl.DataFrame(
                {
                    "integration": [name] * len(dates),
                    "day": dates,
                    "fitted": fit.level,
                    "continued": np.where(day[used] >= 0, fit.continued, np.nan),
                },
                schema=LINES,
                nan_to_null=True,
            )
        )
    return pl.DataFrame(fitted, schema=EFFECTS), pl.concat([pl.DataFrame(schema=LINES), *lines])


def judged(
    integrations: pl.DataFrame, series: pl.DataFrame, around: pl.DataFrame, fitted: pl.DataFrame
) -> pl.DataFrame:
    """One row per integration of the catalog: what it was to improve, whether it did, and why that is said.

    `series` are the rows of ``matched``, `around` of ``days_around``, `fitted` of ``effects``. ``effect`` is positive
    where it is better, whichever way that is; ``low`` and ``high`` bound it.
    """
    counted = around.group_by("integration").agg(
        unit=pl.col("unit").drop_nulls().first(),
        n_before=(pl.col("since") < 0).sum().cast(COUNT),
        n_after=(pl.col("since") >= 0).sum().cast(COUNT),
    )
    sign, change, margin = pl.col("sign"), pl.col("change"), pl.col("margin")
    rows = (
        integrations.unique("integration", keep="first", maintain_order=True)
        .join(better(integrations), on="integration", how="left")
        .join(series.select("integration", "system", "no_series"), on="integration", how="left")
        .join(counted, on="integration", how="left")
        .join(fitted, on="integration", how="left")
        .with_columns(
            pl.col("n_before", "n_after").fill_null(0),
            effect=sign * change,
            low=sign * change - margin,
            high=sign * change + margin,
        )
    )
    why = _first_true(
        {
            "no success metric": pl.col("success_metric").is_null(),
            "no day of declaration": pl.col("success_declared_on").is_null(),
            "declared afterwards": pl.col("success_declared_on") >= pl.col("go_live"),
            "no go-live": pl.col("go_live").is_null(),
            "no direction": sign.is_null(),
            NO_SERIES: pl.col("no_series") == NO_SERIES,
            MEASURED_ELSEWHERE: pl.col("no_series") == MEASURED_ELSEWHERE,
            SEVERAL_SERIES: pl.col("no_series") == SEVERAL_SERIES,
            "not live": pl.col("n_after") == 0,
            "few after": pl.col("n_after") < MIN_OUTCOME_POINTS,
            "few before": pl.col("effect").is_null(),
            "target reached": (pl.col("low") > 0) & (sign * (pl.col("value_due") - pl.col("success_target")) >= 0),
            "better than the trend": pl.col("low") > 0,
            "worse than the trend": (pl.col("high") < 0) & (sign * (pl.col("value_now") - pl.col("mean_before")) < 0),
        }
    )
    return (
        rows.with_columns(why=why)
        .with_columns(verdict=pl.col("why").replace_strict({word: verdict for word, (verdict, _) in WHYS.items()}))
        .select(
            "integration",
            pl.col("success_metric").alias("metric"),
            *("effect", "low", "high", "verdict", "why"),
            pl.col("success_baseline").alias("baseline"),
            pl.col("success_target").alias("target"),
            pl.col("success_better").alias("better"),
            pl.col("success_due").alias("due"),
            pl.col("success_declared_on").alias("declared_on"),
            *("go_live", "n_before", "n_after", "value_now", "unit", "system", "trend", "trend_since"),
        )
        .sort(
            pl.col("verdict").replace_strict(list(VERDICTS), range(len(VERDICTS)), return_dtype=pl.Int8), "integration"
        )
    )


def _first_true(conditions: dict[str, pl.Expr]) -> pl.Expr:
    words = (pl.when(condition).then(pl.lit(word)) for word, condition in conditions.items())
    return pl.coalesce(*words, pl.lit("as the trend"))
