"""Facts of transfers: small counts per integration that add up over disjoint sets of objects.

What is missing is kept by the moment it was last sent, because whether it is lost is known only once the delays of all
others and the ends of all logs are.
"""

from dataclasses import dataclass, fields

import polars as pl

from integrhealth.analyses.reconciliation.receiver_log import arrivals
from integrhealth.analyses.reconciliation.transfers.receipts import of_none, with_arrivals
from integrhealth.analyses.reconciliation.transfers.sends import between_systems, sends, transfers_of
from integrhealth.language.period import period
from integrhealth.language.schema import TIME
from integrhealth.traces.facts import log_bucket, merged

KEYS = {
    "counts": ["integration"],
    "delays": ["integration", "bucket"],
    "missing": ["integration", "at", "one_sided"],
    "phantoms": ["integration", "at"],
    "covered": ["log", "by", "name"],
}
ONE_LOG, TWO_LOGS = "messages", "receipts"


@dataclass(frozen=True)
class Transfers:
    """``each``: one row per transfer (``sends.transfers_of``); ``unsent``: one per object that arrived of none."""

    each: pl.DataFrame
    unsent: pl.DataFrame
    covered: pl.DataFrame


@dataclass(frozen=True)
class Facts:
    """Frames whose rows add up over disjoint sets of objects, by KEYS."""

    counts: pl.DataFrame
    delays: pl.DataFrame
    missing: pl.DataFrame
    phantoms: pl.DataFrame
    covered: pl.DataFrame


def merged_facts(parts: list[Facts]) -> Facts:
    """The facts of all parts as one."""
    return Facts(
        **{each.name: merged([getattr(part, each.name) for part in parts], KEYS[each.name]) for each in fields(Facts)}
    )


def with_two_logs(messages: pl.DataFrame, receipts: pl.DataFrame) -> pl.Series:
    """The integrations that the log of a receiver tells of; those of all objects, whichever part is looked at."""
    return arrivals(receipts, messages)["integration"].unique().sort()


def transfers(messages: pl.DataFrame, receipts: pl.DataFrame, *, two_logs: pl.Series) -> Transfers:
    """Every transfer of the objects in `messages` and `receipts`; `two_logs` as `with_two_logs` gives it."""
    arrived = arrivals(receipts, messages)
    sent = sends(messages)
    each = transfers_of(sent, two_logs=two_logs)
    shared = pl.col("integration").is_in(two_logs.implode())
    each = pl.concat([each.filter(~shared), with_arrivals(each.filter(shared), arrived)])
    return Transfers(each, of_none(arrived, between_systems(messages)), _covered(messages, arrived, sent))


def _covered(messages: pl.DataFrame, arrived: pl.DataFrame, sent: pl.DataFrame) -> pl.DataFrame:
    """From when to when each log speaks, by integration and by the system that receives (``by``, ``name``).

    A receiver that got nothing of one integration was at work while it got something of another.
    """
    own = messages.filter(pl.col("source") != pl.col("target")).join(
        sent.select("integration").unique(), on="integration", how="semi"
    )
    times = ("sent_at", "received_at", "finished_at")
    first, last = pl.min_horizontal(times).min(), pl.max_horizontal(times).max()
    parts = []
    for by in ("integration", "target"):
        parts.append(
            own.group_by(name=by).agg(min_at=first, max_at=last).with_columns(log=pl.lit(ONE_LOG), by=pl.lit(by))
        )
        received = pl.col("received_at")
        ends = arrived.drop_nulls(by).group_by(name=by).agg(min_at=received.min(), max_at=received.max())
        parts.append(ends.with_columns(log=pl.lit(TWO_LOGS), by=pl.lit(by)))
    return pl.concat(parts).select(*KEYS["covered"], "min_at", "max_at").sort(KEYS["covered"])


def in_period(made: Transfers, messages: pl.DataFrame, receipts: pl.DataFrame) -> Transfers:
    """`made` without times that a clock or a default must have written: they are no delay and no end of a log.

    What is an outlier shows in all times together, so this is done before the objects are looked at in parts.
    """
    logged = [messages[name] for name in ("sent_at", "received_at", "finished_at")] + [receipts["received_at"]]
    covers = period(*logged)
    if covers is None:
        return made
    first, last = (pl.lit(each, TIME) for each in covers)
    each = made.each.with_columns(arrived_at=pl.when(pl.col("arrived_at").is_between(first, last)).then("arrived_at"))
    ends = made.covered.with_columns(
        min_at=pl.col("min_at").clip(first, last), max_at=pl.col("max_at").clip(first, last)
    )
    return Transfers(each, made.unsent, ends)


def transfer_facts(
    made: Transfers,
    declared: pl.DataFrame,
    *,
    two_logs: pl.Series,
    holds: pl.DataFrame,
    currency: str | None = None,
) -> Facts:
    """The facts of `made`; `declared` are the integrations of the catalog, amounts count in `currency` only.

    What a checkpoint held (`holds`) is not late for the time it was held on purpose.
    """
    promised = declared.select("integration", "sync_limit_ms").unique("integration", keep="first", maintain_order=True)
    held = (pl.col("released_at") - pl.col("held_at")).dt.total_microseconds().clip(0)
    on_purpose = holds.group_by("message_id").agg(held=held.sum())
    rows = priced(made.each, currency).join(promised, on="integration", how="left")
    rows = rows.join(on_purpose, on="message_id", how="left")
    arrived, failed = pl.col("arrived"), pl.col("failed") & ~pl.col("arrived")
    delay = (pl.col("arrived_at") - pl.col("first_sent_at")).dt.total_microseconds()
    timed = pl.when(arrived & pl.col("knows")).then(delay.clip(0))
    twice = pl.col("effects") > 1
    sure = pl.col("seq").is_not_null() | pl.col("payload_hash").is_not_null() | pl.col("repeated_id")
    sure |= pl.col("integration").is_in(two_logs.implode())
    rows = rows.with_columns(timed=timed, delay=delay, missing=~arrived & ~failed)
    counts = (
        rows.group_by("integration")
        .agg(
            max_target=pl.col("target").max(),
            sent=pl.len().cast(pl.Int64),
            received=_count(arrived),
            failed=_count(failed),
            known=_count(pl.col("knows")),
            twice=_count(twice),
            twice_surely=_count(twice & sure),
            again=(pl.col("effects") - 1).clip(0).sum(),
            again_amount=(pl.col("money") * (pl.col("effects") - 1).clip(0)).sum(),
            again_priced=pl.col("effects").filter(twice & pl.col("money").is_not_null()).sub(1).sum(),
            absorbed=_count(arrived & pl.col("knows") & ~twice & (pl.col("unsure") > 1)),
            skewed=_count(arrived & pl.col("knows") & (pl.col("delay") < 0)),
            promised_late=_count(pl.col("timed") - pl.col("held").fill_null(0) > pl.col("sync_limit_ms") * 1000),
            acknowledged=_count(~pl.col("open")),
            min_sent_at=pl.col("first_sent_at").min(),
            max_sent_at=pl.col("last_sent_at").max(),
            min_delay_us=pl.col("timed").min(),
            max_delay_us=pl.col("timed").max(),
        )
        .sort("integration")
    )
    delays = rows.drop_nulls("timed").group_by("integration", bucket=log_bucket(pl.col("timed")))
    money = {"amount": pl.col("money").sum(), "priced": pl.col("money").count().cast(pl.Int64)}
    missing = rows.filter("missing").group_by("integration", "one_sided", at="last_sent_at")
    unsent = priced(made.unsent, currency).group_by("integration", at="first_at")
    return Facts(
        counts,
        delays.agg(count=pl.len().cast(pl.Int64)).sort(KEYS["delays"]),
        missing.agg(
            missing=pl.len().cast(pl.Int64), open=_count(pl.col("open")), pending=_count(pl.col("pending")), **money
        )
        .select(*KEYS["missing"], "missing", "open", "pending", *money)
        .sort(KEYS["missing"]),
        unsent.agg(phantoms=pl.len().cast(pl.Int64), max_target=pl.col("target").max(), **money).sort(KEYS["phantoms"]),
        made.covered,
    )


def priced(rows: pl.DataFrame, currency: str | None) -> pl.DataFrame:
    """`rows` with ``money``: the amount where it is in `currency`, or in none that is written down."""
    in_it = pl.col("currency").is_null() | (pl.col("currency") == pl.lit(currency, pl.String)).fill_null(False)
    return rows.with_columns(money=pl.when(in_it).then(pl.col("amount").abs()))


def _count(holds: pl.Expr) -> pl.Expr:
    return holds.fill_null(False).sum().cast(pl.Int64)
