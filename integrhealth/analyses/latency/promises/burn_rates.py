"""How fast error budgets burn, by the multi-window rules of Google's Site Reliability Workbook (2018, chapter 5).

The burn of a window is its share of bad messages / the share that the promise allows. A rule looks at two windows that
end together, and what burns is the lesser of the two: the long one says that it matters, the short one that it has not
passed. Windows are windows of time and end every five minutes.
"""

from datetime import datetime
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.language.schema import TIME
from integrhealth.language.statistics import chance_of_more
from integrhealth.language.thresholds import (
    BUDGET_DAYS,
    BUDGET_SHARES,
    BURN_HOURS,
    BURN_LEVEL,
    HEALTHY_BURN,
    MIN_BAD_EVENTS,
    SHORT_WINDOW,
)

BIN_US, BINS_OF_HOUR = 300_000_000, 12
# Each pair of windows, and what it is when both burn faster than its factor.
ALERTS = {"1h/5m": "page", "6h/30m": "page", "1d/2h": "ticket", "3d/6h": "ticket"}
# What a burn must be beyond is a product of decimals: the last digits are no burn.
CLOSE = 1e-9


class Rule(NamedTuple):
    """Two windows, in time bins, and the burn beyond which both together alert."""

    window: str
    alert: str
    long: int
    short: int
    factor: float


def rules(period_days: float = BUDGET_DAYS) -> list[Rule]:
    """The four rules, fastest burn first: factor = share of the budget x period / long window."""
    return [
        Rule(window, alert, bins := hours * BINS_OF_HOUR, bins // SHORT_WINDOW, share * period_days * 24 / hours)
        for (window, alert), hours, share in zip(ALERTS.items(), BURN_HOURS, BUDGET_SHARES, strict=True)
    ]


class Counts:
    """Messages and bad ones of every place (one promise of one integration) in time bins, summed over spans of time.

    `rows` have place, at, n and bad, none of them after `end`. A moment is a number: that of the time bin with which a
    window ends, counted from the first one, plus ``apart`` for every place. ``ends`` are the moments of the end,
    ``latest`` those of the last messages.
    """

    def __init__(self, rows: pl.DataFrame, end: datetime) -> None:
        binned = rows.select("place", "n", "bad", bin=self.number(pl.col("at"))).sort("place", "bin")
        self.first = binned["bin"].min() or 0
        self.last = int(end.timestamp()) // (BIN_US // 1_000_000) - self.first
        # Places stand so far apart on one line of time bins that no window reaches from one to another.
        self.apart = 2 * (self.last + 1)
        self.at = (binned["place"] * self.apart + binned["bin"] - self.first).to_numpy()
        places, first = np.unique(binned["place"].to_numpy(), return_index=True)
        self.ends = places * self.apart + self.last
        self.latest = self.at[np.append(first, len(self.at))[1:] - 1]
        self.sums = [np.concatenate([[0], np.cumsum(binned[name].to_numpy())]) for name in ("n", "bad")]

    def within(self, moments: NDArray, *widths: int) -> list[NDArray]:
        """n and bad in so many time bins (each of `widths`) up to and with that of each of the `moments`, in order."""
        upto = np.searchsorted(self.at, moments, side="right")
        before = (np.searchsorted(self.at, moments - min(width, self.last + 1), side="right") for width in widths)
        return [sums[upto] - sums[start] for start in before for sums in self.sums]

    def changes(self, *widths: int) -> NDArray:
        """The moments at which something comes into, or drops out of, windows of these `widths`; and the ends."""
        dropped = [self.at + min(width, self.last + 1) for width in widths]
        # Parts in order: a stable sort merges them.
        moments = np.sort(np.concatenate([self.ends, self.at, *dropped]), kind="stable")
        inside = (moments % self.apart <= self.last) & (np.diff(moments, prepend=-1) > 0)
        return moments[inside]

    @staticmethod
    def number(at: pl.Expr) -> pl.Expr:
        """The number of the time bin of a time, counted from 1970."""
        return at.dt.epoch("us") // BIN_US

    def over(self, bin_: pl.Expr) -> pl.Expr:
        """The time at which a time bin is over."""
        return ((bin_ + self.first + 1) * BIN_US).cast(TIME)


def windows(counts: Counts, rule: Rule, budgets: pl.DataFrame) -> pl.DataFrame:
    """One row per place and moment at which what is in the two windows of `rule` changes, if anything in them is bad.

    bin, lasts (so many bins it stays so), last (whether the last message is in it), n and bad of the long window, burn,
    beyond (the factor), fires. `budgets` (place, budget) are the shares that may be bad.

    The ``burn`` is null with too little traffic: under 1 / (factor x budget) messages in the long window, of which a
    single failure is not beyond the factor, or none in the short one. The rule ``fires`` beyond the factor with at
    least two bad messages; and where there was enough traffic for more than one such window, only where chance would
    hardly do in any of them.
    """
    moments = counts.changes(rule.long, rule.short)
    n, bad, short_n, short_bad = counts.within(moments, rule.long, rule.short)
    place, at = np.divmod(moments, counts.apart)
    lasts = np.where(np.diff(place, append=-1) == 0, np.diff(at, append=0), counts.last + 1 - at)
    budget = budgets.sort("place")["budget"].to_numpy()  # places are numbered from 0 on
    enough = n * rule.factor * budget[place] >= 1 - CLOSE
    looks = np.bincount(place, lasts * enough, len(budget)) / rule.long
    # Nearly always nothing bad is in the short window: of those moments the first one says that the burn was 0.
    last, busy = np.isin(moments, counts.latest), enough & (short_n > 0)
    kept = last | (busy & (short_bad > 0))
    ever = np.flatnonzero(busy)
    kept[ever[np.diff(place[ever], prepend=-1) > 0]] = True
    line = {"n": n, "bad": bad, "short_n": short_n, "short_bad": short_bad, "lasts": lasts, "last": last, "busy": busy}
    seen = pl.DataFrame({"place": place[kept], "bin": at[kept]} | {name: each[kept] for name, each in line.items()})
    share = pl.min_horizontal(pl.col("bad") / pl.col("n"), pl.col("short_bad") / pl.col("short_n"))
    beyond = (pl.col("burn") > rule.factor * (1 + CLOSE)) & (pl.col("bad") >= MIN_BAD_EVENTS)
    chance = chance_of_more(pl.when("beyond").then("bad"), pl.col("n"), pl.col("budget") * HEALTHY_BURN)
    certain = (pl.col("looks") <= 1) | (pl.col("looks") * chance <= BURN_LEVEL).fill_null(False)
    return (
        seen.with_columns(budget=budget[place[kept]], looks=looks[place[kept]])
        .with_columns(burn=pl.when("busy").then(share / pl.col("budget")))
        .with_columns(beyond=beyond.fill_null(False))
        .with_columns(fires=pl.col("beyond") & certain)
        .select("place", "bin", "lasts", "last", "n", "bad", "burn", "beyond", "fires")
    )


def worst_windows(judged: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    """One row per place of `judged` (``windows``): the moment at which it burned fastest, and its last message.

    The fastest while the rule fired, if it ever did. Verdict: that of the rule if it ever fired; "not enough data"
    without a window that had enough traffic, and where what is beyond the factor may be chance; else ok.
    """
    alerting = pl.when(pl.col("fires").any()).then(pl.when("fires").then("burn")).otherwise("burn")
    worst = judged.group_by("place", maintain_order=True).agg(pl.all().get(alerting.arg_max(), null_on_oob=True))
    now = judged.filter("last").select("place", burn_now="burn", firing="fires", now_messages="n", now_bad="bad")
    enough = pl.col("burn").is_not_null()
    fired = pl.when("fires").then(pl.lit(rule.alert))
    return worst.join(now, on="place", maintain_order="left").select(
        "place",
        "burn",
        "burn_now",
        "firing",
        "now_messages",
        "now_bad",
        window=pl.lit(rule.window),
        verdict=fired.when(enough & ~pl.col("beyond")).then(pl.lit("ok")).otherwise(pl.lit("not enough data")),
        burned=pl.when(enough).then("bin"),
        window_messages=pl.when(enough).then("n"),
        window_bad=pl.when(enough).then("bad"),
    )
