"""When a step of a document chain is late: by how long it takes in this landscape."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from integrhealth.language.period import period
from integrhealth.language.statistics import TAIL, chance_of_more
from integrhealth.language.thresholds import (
    CERTAINLY_MISSING_TIMES,
    DUE_DAYS,
    DUE_SHARE,
    MIN_DELAYS,
    MIN_MESSAGES,
)

# A step: what it waits after, and what it waits for.
STEPS = {
    "ship": ("ordered", "shipped"),
    "bill": ("shipped", "invoiced"),
    "ship_billed": ("invoiced", "shipped"),
    "credit": ("returned", "credited"),
}


@dataclass(frozen=True)
class Due:
    """Until when the evidence reaches, which steps it holds at all, and how long each takes.

    ``limits`` has step, days (99% of the past ones took no longer), steps (how many there were). A step that the
    documents hold nowhere cannot be missing, nor are goods that are of a kind of which nothing was ever shipped.
    """

    as_of: datetime | None
    limits: pl.DataFrame
    goods: pl.DataFrame
    bills: bool
    credits: bool
    pays: bool

    def of(self, balances: pl.DataFrame) -> pl.DataFrame:
        """`balances` with ships (goods of its kind are shipped) and late_<step>."""
        limits = dict(self.limits.select("step", "days").iter_rows())
        late = {
            f"late_{step}": (self._waiting(after) > limits[step]).fill_null(False) for step, (after, _) in STEPS.items()
        }
        kinds = self.goods.with_columns(ships=pl.lit(True))
        rows = balances.join(kinds, on=["system", "object_type"], how="left", nulls_equal=True, maintain_order="left")
        return rows.with_columns(pl.col("ships").fill_null(False), **late)

    def _waiting(self, after: str) -> pl.Expr:
        return _days(pl.lit(self.as_of, pl.Datetime("us", "UTC")) - pl.col(f"{after}_at"))

    def certain(self, rows: pl.DataFrame) -> pl.DataFrame:
        """`rows` with certain: whether what their ``step`` waits for is surely missing, and not only late.

        It is after four times as long as nearly all took; and at once where more are late than the one in a hundred
        that always is. With few past steps nothing is certain before a month. What waits for no step is certain.
        """
        late = rows.group_by("step").agg(late=pl.len()).join(self.limits, on="step")
        beyond = chance_of_more(pl.col("late"), pl.col("late") + pl.col("steps"), pl.lit(1 - DUE_SHARE)) <= TAIL
        few = pl.col("steps") < MIN_DELAYS
        patient = pl.max_horizontal(
            pl.col("days") * CERTAINLY_MISSING_TIMES, pl.when(few).then(float(DUE_DAYS)).otherwise(0.0)
        )
        judged = late.select("step", sure_days=pl.when(beyond & ~few).then("days").otherwise(patient))
        marked = rows.join(judged, on="step", how="left", maintain_order="left")
        return marked.with_columns(certain=(pl.col("age_days") > pl.col("sure_days")).fill_null(True))


def due(balances: pl.DataFrame, *, moments: pl.Series) -> Due:
    """What the `balances` of a landscape say of its steps; `moments` are the times of its documents."""
    covered = period(moments)
    goods = _goods(balances)
    counts = {done: balances[f"{done}_count"].sum() > 0 for done in ("invoiced", "credited", "paid")}
    limits = pl.DataFrame(
        [(step, *_limit(balances, after, then)) for step, (after, then) in STEPS.items()],
        schema={"step": pl.String, "days": pl.Float64, "steps": pl.Int64},
        orient="row",
    )
    return Due(
        covered[1] if covered else None,
        limits,
        goods,
        bills=counts["invoiced"],
        credits=counts["credited"],
        pays=counts["paid"],
    )


def _goods(balances: pl.DataFrame) -> pl.DataFrame:
    """system, object_type of what is shipped: where none of many lines of a kind ever was, it is a service.

    Where nothing was ever shipped, of any kind, shipments are not in the documents.
    """
    kinds = balances.group_by("system", "object_type").agg(lines=pl.len(), shipped=(pl.col("shipped_count") > 0).sum())
    anything = balances["shipped_count"].sum() > 0
    service = (pl.col("shipped") == 0) & (pl.col("lines") >= MIN_MESSAGES) & pl.col("object_type").is_not_null()
    return kinds.filter(~service & pl.lit(anything)).select("system", "object_type")


def _limit(balances: pl.DataFrame, after: str, then: str) -> tuple[float, int]:
    """How many days nearly all past steps took, of those that came after; and how many steps there were."""
    days = balances.select(days=_days(pl.col(f"{then}_at") - pl.col(f"{after}_at")))["days"].drop_nulls()
    waited = days.filter(days > 0)
    longest = waited.quantile(DUE_SHARE, "higher")
    nothing = 0.0 if len(days) else float(DUE_DAYS)
    return nothing if longest is None else longest, len(days)


def _days(duration: pl.Expr) -> pl.Expr:
    return duration.dt.total_seconds() / 86_400
