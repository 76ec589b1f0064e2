"""Whether an integration is stable: one row per check, with the reason in words."""

import polars as pl

from integrhealth.analyses.dependency_fragility.levels.standing import Period, said_of_shift
from integrhealth.language.findings import written
from integrhealth.language.levels import LEVELS
from integrhealth.language.schema import COUNT, NUMBER, TEXT
from integrhealth.language.statistics import TAIL, chance_of_more, enough, holm
from integrhealth.language.thresholds import FEWEST_BAD, FEWEST_SHIFT_DAYS, MIN_MESSAGES, STABLE_DAYS
from integrhealth.language.wording import percent, spoken_ms

PASSED, FAILED, UNKNOWN = "passed", "failed", "cannot tell"
# In the order in which they are told.
BOOKS, BREAKS, SILENCE = "books", "breaks", "silence"
SUCCESS, P95, STORM, SHIFT, OWNER = "success", "p95", "storm", "shift", "owner"
ORDER = (BOOKS, BREAKS, SILENCE, SUCCESS, P95, STORM, SHIFT, OWNER)
CHECKS = {
    "level": TEXT,
    "integration": TEXT,
    "check": TEXT,
    "result": TEXT,
    "why": TEXT,
    "value": NUMBER,
    "limit": NUMBER,
    "n": COUNT,
}
IDLE = pl.lit(f"no message in the last {STABLE_DAYS} days")
MS_PER_HOUR = 3_600_000
# A share is a quotient: its last digits are no failure.
CLOSE = 1e-9


def checks(
    standing: pl.DataFrame,
    promises: pl.DataFrame,
    storms: pl.DataFrame,
    shifts: pl.DataFrame,
    sent: pl.DataFrame,
    judged: Period,
    *,
    silence: pl.DataFrame | None = None,
    breaks: pl.DataFrame | None = None,
    books: pl.DataFrame | None = None,
    min_messages: int = MIN_MESSAGES,
) -> pl.DataFrame:
    """One row per integration of `standing` (``placed``) and check, level by level (CHECKS).

    `promises` and `storms` are ``latency.slo`` of 28 days and ``error_propagation.retry_storms``; `shifts` and `sent`
    as ``last_shifts`` and ``seen`` give them, `judged` is their period. Of integrations whose rhythm shows in `silence`
    (``latency.silence``) it is checked that they still come. Where books were reconciled, `breaks`
    (integration, open: breaks over tolerance that nobody resolved) are checked too, and of the foundation `books`
    (integration, difference, tolerance: in money).
    """
    parts = [
        _promises(standing, promises, min_messages),
        _storms(standing, storms, sent, judged),
        _shifts(standing, shifts, sent, judged, min_messages),
        _owners(standing),
    ]
    parts += [] if silence is None else [_silence(standing, silence)]
    parts += [] if breaks is None else [_breaks(standing, breaks)]
    parts += [] if books is None else [_books(standing, books)]
    place = pl.col("check").replace_strict(ORDER, range(len(ORDER)), return_dtype=pl.Int8)
    rows = pl.concat(part.cast(CHECKS) for part in parts).sort(place, maintain_order=True)
    return standing.select("integration").join(rows, on="integration", maintain_order="left_right").select(*CHECKS)


def _judged(
    rows: pl.DataFrame, check: pl.Expr, *cases: tuple[pl.Expr, str, pl.Expr], **figures: pl.Expr
) -> pl.DataFrame:
    """`rows` as CHECKS: result and why are those of the first of the `cases` that holds."""
    result = pl.coalesce(pl.when(holds).then(pl.lit(result)) for holds, result, _ in cases)
    why = pl.coalesce(pl.when(holds).then(why) for holds, _, why in cases)
    none = dict.fromkeys(("value", "limit", "n"), pl.lit(None))
    return rows.with_columns(check=check, result=result, why=why, **none | figures).select(*CHECKS)


def _promises(standing: pl.DataFrame, promises: pl.DataFrame, min_messages: int) -> pl.DataFrame:
    """Failed: certainly more bad than promised, Holm over all promises; passed: no more than promised.

    The binomial tail is exact: that too many were bad can be certain of few messages, though not of a single bad one.
    That a promise was kept takes a sample, or one message a day, as more cannot come of a daily feed.
    """
    n, bad, allowed = pl.col("period_messages"), pl.col("period_bad"), 1 - pl.col("objective")
    sample = enough(n, min(min_messages, STABLE_DAYS)).fill_null(False)
    tested = promises.unique(["integration", "promise"], keep="first", maintain_order=True).with_columns(
        certain=(holm(chance_of_more(bad, n, allowed)) <= TAIL) & (bad >= FEWEST_BAD)
    )
    # Everybody promises success; that a p95 was promised is said by its being there.
    asked = pl.concat(
        [standing.with_columns(promise=pl.lit(SUCCESS)), standing.with_columns(promise=pl.lit(P95))]
    ).join(tested, on=["integration", "promise"], how="left", maintain_order="left")
    rows = asked.filter((pl.col("promise") == SUCCESS) | pl.col("objective").is_not_null())
    slow = pl.format("took longer than {}", spoken_ms(pl.col("limit_ms")))
    what = pl.when(pl.col("promise") == P95).then(slow).otherwise(pl.lit("failed or came in part"))
    counted = pl.format("{} of {} messages {}, {} may", written(bad), written(n), what, percent(allowed))
    return _judged(
        rows,
        pl.col("promise"),
        (n.fill_null(0) == 0, UNKNOWN, IDLE),
        (pl.col("certain"), FAILED, counted),
        (~sample, UNKNOWN, pl.format("{} messages are too few to say", n)),
        (bad <= n * allowed * (1 + CLOSE), PASSED, counted),
        (pl.lit(True), UNKNOWN, pl.format("{}, which may be chance", counted)),
        value=pl.when(sample | pl.col("certain")).then(bad / n),
        limit=allowed,
        n=n.fill_null(0),
    )


def _silence(standing: pl.DataFrame, silence: pl.DataFrame) -> pl.DataFrame:
    """Failed: nothing came for so long that it is certain among all integrations."""
    last = silence.filter(pl.col("verdict") != UNKNOWN).select("integration", "verdict", "silent_hours", "expected_gap")
    rows = standing.join(last, on="integration", maintain_order="left")
    silent, gap = pl.col("silent_hours"), pl.col("expected_gap")
    since = pl.format("nothing came for {}", spoken_ms(silent * MS_PER_HOUR))
    due = pl.when(gap > 0).then(pl.format("{}; one message was due in {}", since, spoken_ms(gap * MS_PER_HOUR)))
    return _judged(
        rows,
        pl.lit(SILENCE),
        (pl.col("verdict") == "silent", FAILED, pl.coalesce(due, since)),
        (pl.col("verdict") == "thin", UNKNOWN, pl.lit("hardly any messages, or empty ones, came in the last 24 hours")),
        (pl.lit(True), PASSED, pl.lit("messages come as they did")),
        value=silent,
        limit=gap,
    )


def _storms(standing: pl.DataFrame, storms: pl.DataFrame, sent: pl.DataFrame, judged: Period) -> pl.DataFrame:
    """Failed: a storm of the period outlived its trigger."""
    worst = (
        storms.filter(pl.col("ended_at").fill_null(judged.end) >= judged.since)
        .sort(pl.col("sustained").cast(pl.Float64).fill_null(0.5), "minutes", descending=True)
        .unique("integration", keep="first", maintain_order=True)
        .select("integration", "minutes", "started_at", "trigger", "sustained")
    )
    rows = _with_messages(standing, sent).join(worst, on="integration", how="left", maintain_order="left")
    said = pl.format(
        "retries piled up for {} on {}",
        spoken_ms(pl.col("minutes") * 60_000),
        pl.col("started_at").dt.strftime("%Y-%m-%d"),
    )
    stormy, outlived = pl.col("started_at").is_not_null(), pl.col("sustained")
    return _judged(
        rows,
        pl.lit(STORM),
        (stormy & outlived, FAILED, pl.format("{} and outlived the {} that began them", said, "trigger")),
        (stormy & outlived.is_null(), UNKNOWN, pl.format("{}; the data end before they could outlive it", said)),
        (stormy, PASSED, pl.format("{} and ended with the {} that began them", said, "trigger")),
        (pl.col("messages") == 0, UNKNOWN, IDLE),
        (pl.lit(True), PASSED, pl.lit("no retry storm")),
        n=pl.col("messages"),
    )


def _shifts(
    standing: pl.DataFrame, shifts: pl.DataFrame, sent: pl.DataFrame, judged: Period, min_messages: int
) -> pl.DataFrame:
    """Failed: the last change of latency or error share is certainly one to the worse."""
    worst = (
        shifts.sort(pl.col("certain") & pl.col("worse"), "worse", descending=True, maintain_order=True)
        .unique("integration", keep="first", maintain_order=True)
        .select("integration", "certain", "worse", "change", shift=said_of_shift())
    )
    rows = _with_messages(standing, sent).join(worst, on="integration", how="left", maintain_order="left")
    days = judged.earlier + STABLE_DAYS
    short = pl.format("a change takes {} days of messages to be told from chance", pl.lit(FEWEST_SHIFT_DAYS))
    return _judged(
        rows,
        pl.lit(SHIFT),
        (pl.col("worse") & pl.col("certain"), FAILED, pl.col("shift")),
        (pl.col("worse"), UNKNOWN, pl.format("{}, which may be chance", "shift")),
        (pl.col("shift").is_not_null(), PASSED, pl.col("shift")),
        (pl.col("messages") == 0, UNKNOWN, IDLE),
        (pl.col("messages") < min_messages, UNKNOWN, pl.format("{} messages are too few to say", "messages")),
        (pl.lit(days < FEWEST_SHIFT_DAYS), UNKNOWN, short),
        (pl.lit(True), PASSED, pl.lit("no change for the worse")),
        value=pl.col("change"),
        n=pl.col("messages"),
    )


def _owners(standing: pl.DataFrame) -> pl.DataFrame:
    owner = pl.col("owner")
    return _judged(
        standing,
        pl.lit(OWNER),
        (owner.is_null(), FAILED, pl.lit("nobody owns it")),
        (pl.lit(True), PASSED, pl.format("{} owns it", owner)),
    )


def _breaks(standing: pl.DataFrame, breaks: pl.DataFrame) -> pl.DataFrame:
    rows = standing.join(breaks.select("integration", "open"), on="integration", how="left", maintain_order="left")
    counted = pl.format("{} breaks over tolerance are open", written(pl.col("open")))
    return _judged(
        rows,
        pl.lit(BREAKS),
        (pl.col("open").is_null(), UNKNOWN, pl.lit("it was not reconciled")),
        (pl.col("open") > 0, FAILED, counted),
        (pl.lit(True), PASSED, pl.lit("no break over tolerance is open")),
        value=pl.col("open"),
        limit=pl.lit(0),
    )


def _books(standing: pl.DataFrame, books: pl.DataFrame) -> pl.DataFrame:
    """Of the foundation only: totals that differ by no more than their tolerance tie out."""
    foundation = standing.filter(pl.col("level") == LEVELS[0])
    columns = ("integration", "difference", "tolerance")
    rows = foundation.join(books.select(columns), on="integration", how="left", maintain_order="left")
    apart, tolerance = pl.col("difference").abs(), pl.col("tolerance").fill_null(0)
    counted = pl.format("totals differ by {}, {} may", apart.round(2), tolerance)
    return _judged(
        rows,
        pl.lit(BOOKS),
        (apart.is_null(), UNKNOWN, pl.lit("its totals were not compared")),
        (apart > tolerance, FAILED, counted),
        (pl.lit(True), PASSED, counted),
        value=apart,
        limit=tolerance,
    )


def _with_messages(standing: pl.DataFrame, sent: pl.DataFrame) -> pl.DataFrame:
    counts = sent.select("integration", "messages")
    return standing.join(counts, on="integration", how="left", maintain_order="left").with_columns(
        pl.col("messages").fill_null(0)
    )
