"""The load of every system, minute by minute: what arrives, what is done, and how much is in flight meanwhile.

The time at a system is what its work takes with the waiting that its load makes: a request from when the server had it,
a message of a queue from when it was sent, since a queue grows where its consumer is at its limit. A batch or a file
waits for the clock, which is no load: its time begins when it was received. Where that is not logged it begins, as all
else, when the message was sent. It ends when the work was finished, else when the answer came or the sender gave up.
What failed at once was refused and took no place.
"""

import polars as pl

from integrhealth.language.schema import DECLINED, SENT_AWAY, is_delivered, is_failed, is_named, latency_ms

MINUTE_US = 60_000_000
# More minutes than there are in all years that a time can say.
LANE = 2**34
KEYS = ("system", "load_test", "at")
COUNTED = ("arrivals", "retries", "queued", "completions", "failed", "timed", "late", "entered", "left", "in_flight_us")


def load_facts(messages: pl.DataFrame, declared: pl.DataFrame) -> pl.DataFrame:
    """One row per target system, load_test and minute in which a message came to it or ended there; counts add up.

    ``arrivals`` came in it, ``retries`` (attempts after the first) and ``queued`` among them: queue, batch, file, or a
    queue in the catalog, whose integrations are `declared`. ``completions`` (delivered or declined) and ``failed``
    ended in it; ``timed`` have a latency and a promised p95, ``late`` took longer. ``entered`` and ``left`` have a time
    at the system; ``in_flight_us`` is the time to the end of the minute of those that entered, less that of those that
    left: with all that were in flight before, the time in flight in the minute.
    """
    status = pl.col("status")
    done, given_up = is_delivered(status) | (status == DECLINED), status == "timeout"
    at_once = pl.when(pl.col("kind").is_in(["request", "batch", "file"])).then("received_at")
    began = pl.coalesce(at_once, "sent_at").dt.epoch("us")
    ended = pl.coalesce("finished_at", "answered_at").dt.epoch("us")
    inside = ((done | given_up) & (ended >= began)).fill_null(False)
    latency, promise = pl.when(done | given_up).then(latency_ms()), pl.col("slo_p95_ms")
    said = declared.select("integration", "slo_p95_ms", "queue").drop_nulls("integration")
    systems = messages["target"].unique().sort()
    # One number per system and load_test, and below one with the minute: what is grouped by it takes a third of the
    # time that it takes by three columns.
    lane = pl.col("target").cast(pl.Enum(systems)).to_physical().cast(pl.Int64) * 2 + pl.col("load_test").fill_null(
        False
    )
    spans = (
        messages.lazy()
        .filter(pl.col("source") != pl.col("target"), is_named(pl.col("target")))
        .join(said.unique("integration", keep="first", maintain_order=True).lazy(), on="integration", how="left")
        .select(
            lane=lane,
            began=began,
            # What has no usable end is counted where it began, and is never in flight.
            ended=pl.when(inside).then(ended).otherwise(began),
            inside=inside,
            queued=(pl.col("kind").is_in(SENT_AWAY) | pl.col("queue")).fill_null(False),
            retry=(pl.col("attempt") > 1).fill_null(False),
            done=done,
            failed=is_failed(status),
            timed=(latency.is_not_null() & promise.is_not_null()),
            late=(latency > promise).fill_null(False),
        )
    )
    came = spans.group_by(_slot("began")).agg(
        arrivals=pl.len(),
        retries=pl.col("retry").sum(),
        queued=pl.col("queued").sum(),
        entered=pl.col("inside").sum(),
        in_flight_us=_to_end_us("began").sum(),
    )
    went = spans.group_by(_slot("ended")).agg(
        completions=pl.col("done").sum(),
        failed=pl.col("failed").sum(),
        timed=pl.col("timed").sum(),
        late=pl.col("late").sum(),
        left=pl.col("inside").sum(),
        in_flight_us=-_to_end_us("ended").sum(),
    )
    both = pl.concat([each.with_columns(pl.exclude("slot").cast(pl.Int64)) for each in (came, went)], how="diagonal")
    lane, minute = pl.col("slot") // LANE, pl.col("slot") % LANE - LANE // 2
    return (
        both.group_by("slot")
        .agg(pl.col(COUNTED).sum())
        .sort("slot")
        .select(
            *COUNTED,
            system=pl.lit(systems).gather(lane // 2),
            load_test=lane % 2 == 1,
            at=pl.from_epoch(minute * MINUTE_US, "us").dt.replace_time_zone("UTC"),
        )
        .select(*KEYS, *COUNTED)
        .collect(engine="streaming")
    )


def loads(facts: pl.DataFrame, widths: pl.DataFrame) -> pl.DataFrame:
    """One row per system and window in which something happened: counts of `facts`, ``minutes``, ``concurrency``.

    `widths` (system, minutes) says how many minutes a window of each system has, parts of an hour; systems without one
    have no rows. ``concurrency`` is the mean number in flight: the time in flight in the window, of those that came
    before it too, over its length (Little's law). Load tests are no load of the traffic: `facts` are of one kind.
    """
    window_us = pl.col("minutes") * MINUTE_US
    rest_us = window_us - MINUTE_US - pl.col("at").dt.epoch("us") % window_us
    net = pl.col("entered") - pl.col("left")
    summed = (
        facts.join(widths, on="system")
        .with_columns(in_flight_us=pl.col("in_flight_us") + net * rest_us)
        .group_by("system", "minutes", at=pl.from_epoch(pl.col("at").dt.epoch("us") // window_us * window_us, "us"))
        .agg(pl.col(COUNTED).sum())
        .sort("system", "at")
    )
    before = net.cum_sum().over("system") - net
    return summed.with_columns(
        at=pl.col("at").dt.replace_time_zone("UTC"), concurrency=before + pl.col("in_flight_us") / window_us
    ).drop("entered", "left", "in_flight_us")


def _slot(moment: str) -> pl.Expr:
    return (pl.col("lane") * LANE + LANE // 2 + pl.col(moment) // MINUTE_US).alias("slot")


def _to_end_us(moment: str) -> pl.Expr:
    """Microseconds from a moment to the end of its minute, of those that are in flight."""
    return pl.when("inside").then(MINUTE_US - pl.col(moment) % MINUTE_US)
