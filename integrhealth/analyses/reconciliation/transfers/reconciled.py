"""What became of what was sent, per integration: read from facts once all delays and the ends of all logs are known."""

import polars as pl

from integrhealth.analyses.reconciliation.transfers.counts import ONE_LOG, TWO_LOGS, Facts
from integrhealth.language.schema import COUNT, NUMBER, TEXT, TIME
from integrhealth.language.statistics import TAIL, chance_of_more, enough, wilson_interval
from integrhealth.language.thresholds import (
    ACKNOWLEDGED_HOURS,
    LOG_GAPS_SHARE,
    LOST_QUANTILE,
    MIN_MESSAGES,
    SOONEST_LOST_MINUTES,
    SURELY_LOST_TIMES,
)
from integrhealth.traces.facts import bucket_ms, percentiles

SIDES = {ONE_LOG: "one log", TWO_LOGS: "two logs"}
SENDER_ONLY, NO_COMMON_KEY = "sender only", "no common key"
TRANSFERS = {
    "integration": TEXT,
    **dict.fromkeys(("sent", "lost", "phantom", "duplicate_applied", "absorbed", "out_of_order", "late"), COUNT),
    **dict.fromkeys(("in_flight", "received", "failed", "no_receipt_known", "surely_lost", "uncovered"), COUNT),
    **dict.fromkeys(("applied_again", "surely_applied_twice", "pairs", "skewed"), COUNT),
    **dict.fromkeys(("lost_share", "low", "high", "lost_amount", "applied_again_amount"), NUMBER),
    "oldest": TIME,
    **dict.fromkeys(("limit_ms", "sync_limit_ms"), NUMBER),
    "side": TEXT,
    **dict.fromkeys(("acknowledged", "overdue"), COUNT),
}
# What nobody can say who has the sender's log alone.
OF_THE_RECEIVER = (
    *("lost", "phantom", "duplicate_applied", "absorbed", "out_of_order", "late", "in_flight", "surely_lost"),
    *("uncovered", "applied_again", "surely_applied_twice", "pairs", "skewed", "lost_share", "low", "high"),
    *("lost_amount", "applied_again_amount", "oldest"),
)


def limits(facts: Facts, declared: pl.DataFrame, *, two_logs: pl.Series) -> pl.DataFrame:
    """One row per integration: side, limit_ms, surely_ms, sync_limit_ms, begins, ends (when the receiver's log does).

    After ``limit_ms``, the 99th percentile of past delay and a minute at least, what has not arrived is lost; after
    ``surely_ms``, twice the longest delay ever seen, surely.
    """
    quantiles = percentiles(facts.delays, ["integration"], count="count", quantiles={"p99_ms": LOST_QUANTILE})
    ends_at = pl.concat(
        [facts.counts.select("integration", "max_target"), facts.phantoms.select("integration", "max_target")]
    )
    every = ends_at.group_by("integration").agg(target=pl.col("max_target").max()).sort("integration")
    promised = declared.select("integration", "sync_limit_ms", "idempotent")
    promised = promised.unique("integration", keep="first", maintain_order=True)
    shared = pl.col("integration").is_in(two_logs.implode())
    rows = every.join(facts.counts, on="integration", how="left", maintain_order="left").with_columns(
        log=pl.when(shared).then(pl.lit(TWO_LOGS)).otherwise(pl.lit(ONE_LOG))
    )
    for by in ("integration", "target"):
        ends = facts.covered.filter(pl.col("by") == by)
        ends = ends.select("log", pl.col("name").alias(by), pl.col("min_at", "max_at").name.suffix(f"_{by}"))
        rows = rows.join(ends, on=["log", by], how="left", maintain_order="left")
    rows = rows.join(quantiles.select("integration", "p99_ms"), on="integration", how="left", maintain_order="left")
    rows = rows.join(promised, on="integration", how="left", maintain_order="left")
    soonest = SOONEST_LOST_MINUTES * 60_000
    limit = pl.when(pl.col("p99_ms").is_not_null()).then(pl.max_horizontal("p99_ms", pl.lit(soonest)))
    side = (
        pl.when(shared & (pl.col("received") > 0))
        .then(pl.lit(SIDES[TWO_LOGS]))
        .when(shared)
        .then(pl.lit(NO_COMMON_KEY))
        .when(pl.col("known") > 0)
        .then(pl.lit(SIDES[ONE_LOG]))
        .otherwise(pl.lit(SENDER_ONLY))
    )
    return rows.with_columns(
        side=side,
        limit_ms=limit,
        surely_ms=pl.max_horizontal(limit, SURELY_LOST_TIMES * pl.col("max_delay_us") / 1000),
        begins=pl.min_horizontal("min_at_integration", "min_at_target"),
        ends=pl.max_horizontal("max_at_integration", "max_at_target"),
    )


def ms(column: str) -> pl.Expr:
    """A column of milliseconds as a duration."""
    return pl.duration(microseconds=(pl.col(column) * 1000).cast(pl.Int64))


def is_covered(at: str) -> pl.Expr:
    """Whether the receiver's log spoke when what was sent `at` must have arrived, had it taken the shortest delay."""
    shortest = pl.duration(microseconds=pl.col("min_delay_us").fill_null(0))
    return (pl.col(at) + shortest >= pl.col("begins")) & pl.col("limit_ms").is_not_null()


def is_phantom(at: str) -> pl.Expr:
    """Whether the sender's log spoke all the while in which what arrived `at` can have been sent."""
    begun = pl.col(at) - ms("limit_ms") >= pl.col("min_sent_at")
    return begun & (pl.col(at) - pl.duration(microseconds="min_delay_us") <= pl.col("max_sent_at"))


def reconciled(
    facts: Facts,
    order: pl.DataFrame,
    declared: pl.DataFrame,
    *,
    two_logs: pl.Series,
    min_messages: int = MIN_MESSAGES,
) -> pl.DataFrame:
    """One row per integration (TRANSFERS), those that lost most first.

    sent = received + failed + lost + in_flight + no_receipt_known. `order` as ``order.order_facts`` gives it.
    """
    bounds = limits(facts, declared, two_logs=two_logs)
    rows = bounds
    for each in (_missing(facts, bounds), _phantoms(facts, bounds), _late(facts, bounds), order):
        rows = rows.join(each, on="integration", how="left", maintain_order="left")
    never = ("lost", "surely_lost", "in_flight", "phantom", "uncovered", "late_usually", "out_of_order", "pairs")
    never += ("overdue", "lost_amount", "lost_priced", "again_priced", "again_amount", "again")
    rows = rows.with_columns(pl.col(never).fill_null(0)).with_columns(
        pl.col("sent", "received", "failed", "acknowledged").fill_null(0)
    )
    harmless = pl.col("idempotent").fill_null(False)
    rows = rows.with_columns(
        duplicate_applied=pl.when(harmless).then(0).otherwise("twice"),
        surely_applied_twice=pl.when(harmless).then(0).otherwise("twice_surely"),
        applied_again=pl.when(harmless).then(0).otherwise("again"),
        applied_again_amount=pl.when(harmless)
        .then(0.0)
        .otherwise(_known_money("again_amount", "again", "again_priced")),
        lost_amount=_known_money("lost_amount", "lost", "lost_priced"),
        absorbed=pl.col("absorbed") + pl.when(harmless).then("twice").otherwise(0),
        late=pl.when(pl.col("sync_limit_ms").is_not_null()).then("promised_late").otherwise("late_usually"),
        no_receipt_known=pl.col("sent") - pl.sum_horizontal("received", "failed", "lost", "in_flight"),
        # One log has a row for what was sent: what was not cannot stand in it.
        phantom=pl.when(pl.col("side") == SIDES[TWO_LOGS]).then("phantom"),
        uncovered=pl.when(pl.col("side") == SIDES[TWO_LOGS]).then("uncovered"),
    )
    decided = pl.sum_horizontal("received", "failed", "lost")
    judged = pl.when(enough(decided, min_messages))
    low, high = wilson_interval(rows["lost"].to_numpy(), rows.select(decided).to_series().to_numpy())
    rows = rows.with_columns(
        lost_share=judged.then(pl.col("lost") / decided),
        low=judged.then(pl.Series(low, dtype=NUMBER)),
        high=judged.then(pl.Series(high, dtype=NUMBER)),
    )
    silent = pl.col("side").is_in([SENDER_ONLY, NO_COMMON_KEY])
    rows = rows.with_columns(pl.when(~silent).then(pl.col(OF_THE_RECEIVER)).name.keep()).with_columns(
        no_receipt_known=pl.when(silent)
        .then(pl.col("sent") - pl.col("received") - pl.col("failed"))
        .otherwise("no_receipt_known")
    )
    worst = [pl.sum_horizontal(pl.col("lost", "phantom", "duplicate_applied").fill_null(0)), "sent"]
    return rows.select(pl.col(name).cast(dtype) for name, dtype in TRANSFERS.items()).sort(
        *worst, "integration", descending=[True, True, False]
    )


def _missing(facts: Facts, bounds: pl.DataFrame) -> pl.DataFrame:
    """What did not arrive: lost, surely_lost, in_flight, lost_amount, oldest, overdue."""
    rows = facts.missing.join(bounds, on="integration", how="left")
    can_tell = ~pl.col("one_sided") & is_covered("at") & (pl.col("side") != NO_COMMON_KEY)
    lost = can_tell & (pl.col("at") + ms("limit_ms") <= pl.col("ends"))
    surely = lost & (pl.col("at") + ms("surely_ms") <= pl.col("ends"))
    # What a log of both ends calls pending waits somewhere, and who keeps the log knows where.
    waits = pl.when(pl.col("side") == SIDES[ONE_LOG]).then("pending").otherwise(0)
    overdue = pl.col("at") + pl.duration(hours=ACKNOWLEDGED_HOURS) <= pl.col("ends")
    # Without a receiver's log its sender's says until when it tells anything.
    overdue = overdue.fill_null(pl.col("at") + pl.duration(hours=ACKNOWLEDGED_HOURS) <= pl.col("max_sent_at"))
    return rows.group_by("integration").agg(
        lost=pl.col("missing").filter(lost).sum(),
        surely_lost=(pl.col("missing") - waits).filter(surely).sum(),
        in_flight=pl.col("missing").filter(can_tell & ~lost).sum(),
        lost_amount=_money(lost),
        lost_priced=pl.col("priced").filter(lost).sum(),
        oldest=pl.col("at").filter(lost).min(),
        overdue=pl.col("open").filter(overdue).sum(),
    )


def _money(chosen: pl.Expr) -> pl.Expr:
    return pl.col("amount").filter(chosen).sum()


def _known_money(amount: str, count: str, with_amount: str) -> pl.Expr:
    """The sum of amounts; of things of which none has an amount nobody knows it."""
    return pl.when((pl.col(count) == 0) | (pl.col(with_amount) > 0)).then(amount)


def _phantoms(facts: Facts, bounds: pl.DataFrame) -> pl.DataFrame:
    rows = facts.phantoms.drop("max_target").join(bounds, on="integration", how="left")
    real = is_phantom("at").fill_null(False)
    return rows.group_by("integration").agg(
        phantom=pl.col("phantoms").filter(real).sum(), uncovered=pl.col("phantoms").filter(~real).sum()
    )


def _late(facts: Facts, bounds: pl.DataFrame) -> pl.DataFrame:
    rows = facts.delays.join(bounds.select("integration", "limit_ms"), on="integration", how="left")
    late = bucket_ms(pl.col("bucket")) > pl.col("limit_ms")
    return rows.group_by("integration").agg(late_usually=pl.col("count").filter(late).sum())


def chance_of_gaps() -> pl.Expr:
    """How likely one log of both ends lacks the arrival of as many by itself as were lost; a log of its own lacks none.

    For rows as `reconciled` gives them. Null where nothing was surely lost.
    """
    decided = pl.sum_horizontal("received", "failed", "lost")
    of_one = chance_of_more(pl.col("surely_lost"), decided, pl.lit(LOG_GAPS_SHARE))
    chance = pl.when(pl.col("side") == SIDES[TWO_LOGS]).then(0.0).otherwise(of_one)
    return pl.when(pl.col("surely_lost") > 0).then(chance)


def breaks(rows: pl.DataFrame) -> pl.DataFrame:
    """integration, open: what is surely lost, phantom or surely applied twice; `rows` as `reconciled` gives them.

    Null where nothing can be said of the receiver. What one log may lack by itself is within tolerance.
    """
    lost = pl.when(chance_of_gaps() <= TAIL).then("surely_lost").otherwise(0)
    opened = lost + pl.col("phantom").fill_null(0) + pl.col("surely_applied_twice")
    judged = pl.col("side").is_in(list(SIDES.values()))
    return rows.select("integration", open=pl.when(judged).then(opened).cast(COUNT)).sort("integration")
