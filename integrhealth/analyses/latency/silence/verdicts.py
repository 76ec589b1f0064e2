"""Which integrations are silent or thin at the end of the evidence, and which were before and came back."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from integrhealth.analyses.latency.silence import contents, days, gaps
from integrhealth.analyses.latency.silence.expected import Expectation, expectation
from integrhealth.language.schema import COUNT, NUMBER, TEXT, TIME
from integrhealth.language.statistics import holm
from integrhealth.language.thresholds import (
    HISTORY_DAYS,
    LEAST_GAPS,
    MIN_GAPS,
    MIN_HISTORY_DAYS,
    SILENCE_LEVEL,
)

SILENCE = {
    "integration": TEXT,
    "last_at": TIME,
    "expected_gap": NUMBER,
    "silent_hours": NUMBER,
    "missing": NUMBER,
    "verdict": TEXT,
    "what": TEXT,
    "began_at": TIME,
    "p_value": NUMBER,
    "messages": COUNT,
    "gaps": COUNT,
    "day_messages": COUNT,
    "day_expected": NUMBER,
    "measured_by": TEXT,
}
SILENCES = {
    "integration": TEXT,
    "began_at": TIME,
    "ended_at": TIME,
    "hours": NUMBER,
    "verdict": TEXT,
    "messages": COUNT,
    "missing": NUMBER,
    "p_value": NUMBER,
}
MESSAGES, CONTENT = "messages", "content"
VERDICTS = ("silent", "thin", "cannot tell", "normal")
HOUR_US = 3_600_000_000


@dataclass(frozen=True)
class Judged:
    """Past and present of the integrations that came often enough to be judged, and which came more seldom.

    ``present`` has one row per integration in the order of ``expected``, ``seldom`` one per other of which anything
    came.
    """

    expected: Expectation
    gaps: pl.DataFrame
    days: pl.DataFrame
    sizes: pl.DataFrame
    present: pl.DataFrame
    seldom: pl.DataFrame


def judged(arrivals: pl.DataFrame, now: datetime, *, timezone: str = "UTC") -> Judged | None:
    """What the `arrivals` (``arrival_facts``) until `now` show; None where there are none."""
    until = arrivals.filter(pl.col("min_at") <= now).with_columns(max_at=pl.col("max_at").clip(None, now))
    if until.is_empty():
        return None
    start = max(until["hour"].min(), now - timedelta(days=HISTORY_DAYS))
    of_late = pl.col("hour") >= start
    often = until.filter(of_late.sum().over("integration") > MIN_GAPS)
    expected = expectation(often.filter(of_late), start, now, timezone=timezone)
    past = gaps.past_gaps(often.filter(of_late), expected)
    return Judged(
        expected,
        past,
        days.days(expected),
        contents.sizes(often, expected.integrations),
        _seen(often, now, past).join(gaps.present_gaps(often, expected, now), on="integration", maintain_order="left"),
        _seen(until, now, past).join(often, on="integration", how="anti").drop("row", "enough"),
    )


def _seen(arrivals: pl.DataFrame, now: datetime, past: pl.DataFrame) -> pl.DataFrame:
    """One row per integration: last_at, silent_hours, messages, gaps, and ``enough``: whether these show its rhythm.

    Those of two weeks do, and a schedule shows sooner.
    """
    each = past.group_by("integration", "row").agg(gaps=pl.len().cast(COUNT))
    clock = gaps.by_the_clock(past).with_columns(clock=pl.lit(True))
    long = pl.col("last_at") - pl.col("first_at") >= timedelta(days=MIN_HISTORY_DAYS)
    return (
        arrivals.group_by("integration")
        .agg(messages=pl.col("messages").sum(), first_at=pl.col("min_at").min(), last_at=pl.col("max_at").max())
        .join(each.join(clock, on="row", how="left"), on="integration", how="left")
        .select(
            "integration",
            "row",
            "last_at",
            "messages",
            pl.col("gaps").fill_null(0),
            silent_hours=(now - pl.col("last_at")).dt.total_microseconds() / HOUR_US,
            enough=(pl.col("gaps").fill_null(0) >= MIN_GAPS) & (long | pl.col("clock").fill_null(False)),
        )
        .sort("integration")
    )


def silence(seen: Judged | None, declared: pl.DataFrame) -> pl.DataFrame:
    """One row per integration, the silent ones first, then by what is missing; columns as in ``SILENCE``.

    Silent and thin is what chance does not explain among all integrations and all that is tested of them (Holm). What
    chance explains only because so many are looked at cannot be told, nor what has too little history. Integrations
    that are `declared` in the catalog and of which nothing came have null.
    """
    unclear = pl.lit("cannot tell")
    rows = [pl.DataFrame(schema=SILENCE)]
    if seen is not None:
        seldom = seen.seldom.with_columns(verdict=unclear, measured_by=pl.lit(MESSAGES))
        rows += [_present(seen).cast(SILENCE), seldom]
    came = pl.concat(rows, how="diagonal")
    absent = declared.select("integration").drop_nulls().unique().join(came, on="integration", how="anti")
    none = pl.lit(0, COUNT)
    unseen = absent.select("integration", verdict=unclear, messages=none, gaps=none)
    return pl.concat([came, unseen], how="diagonal").sort(
        pl.col("verdict").replace_strict(VERDICTS, range(len(VERDICTS)), return_dtype=pl.Int8),
        "missing",
        "integration",
        descending=[False, True, False],
        nulls_last=True,
    )


def _present(seen: Judged) -> pl.DataFrame:
    tests = pl.concat([_silent(seen), _thin(seen), _empty(seen)], how="diagonal")
    tests = tests.join(seen.present.select("row", "enough"), on="row", maintain_order="left")
    chance, beyond = pl.col("p_value"), pl.col("beyond").fill_null(False)
    tests = tests.with_columns(p_value=pl.when("enough").then(chance.fill_nan(None)))
    tests = tests.with_columns(
        certain=(holm(chance) <= SILENCE_LEVEL).fill_null(False) & beyond,
        maybe=(chance <= SILENCE_LEVEL).fill_null(False) & beyond,
    )
    # Of what is certain first silence, unless most was missing before it; of nothing certain what may be.
    thinned = (pl.col("verdict") == "thin") & (pl.col("missing") > 2 * pl.col("missing").first().over("row"))
    ordered = tests.with_columns(thinned=thinned).sort(
        "certain", "maybe", "thinned", descending=True, maintain_order=True
    )
    chosen = ordered.unique("row", keep="first", maintain_order=True).drop("enough", "thinned")
    frame = seen.present.drop("missing").join(chosen, on="row", maintain_order="left")
    certain, enough = pl.col("certain"), pl.col("enough")
    return frame.join(_last_day(seen), on="row", how="left", maintain_order="left").select(
        "integration",
        "last_at",
        pl.when(enough).then("expected_gap"),
        "silent_hours",
        pl.when(enough).then("missing"),
        verdict=pl.when(certain)
        .then("verdict")
        .when(pl.col("maybe") | ~enough)
        .then(pl.lit("cannot tell"))
        .otherwise(pl.lit("normal")),
        what=pl.when(certain).then("what"),
        began_at=pl.when(certain).then("began_at"),
        p_value="p_value",
        messages="messages",
        gaps="gaps",
        day_messages="day_messages",
        day_expected=pl.when(enough).then("day_expected"),
        measured_by=pl.lit(MESSAGES),
    )


def _silent(seen: Judged) -> pl.DataFrame:
    """Whether the gap up to the end is longer than chance makes it; it began when the next message was due."""
    due = pl.col("last_at") + pl.duration(microseconds=(pl.col("expected_gap") * HOUR_US).cast(COUNT))
    return seen.present.select(
        "missing",
        "row",
        verdict=pl.lit("silent"),
        what=pl.lit(MESSAGES),
        p_value=pl.Series(gaps.gap_chance(seen.gaps, seen.present)),
        beyond=pl.col("times") >= LEAST_GAPS,
        began_at=due,
    )


def _thin(seen: Judged) -> pl.DataFrame:
    """Whether the last 24 hours brought so little as chance does not."""
    last = seen.days.filter(pl.col("back") == 0)
    row, chance = last["row"].to_numpy(), days.day_chance(seen.days, last, seen.present.height)
    return last.select(
        "row",
        verdict=pl.lit("thin"),
        what=pl.lit(MESSAGES),
        p_value=pl.Series(chance),
        beyond=pl.col("thin"),
        began_at=days.thinned_since(seen.expected).gather(row),
        missing=pl.col("expected") - pl.col("came"),
    )


def _empty(seen: Judged) -> pl.DataFrame:
    """Whether messages have begun to bring next to nothing, as they do not by chance. They come: none is missing."""
    shrunk = contents.present_sizes(seen.sizes)
    usual = contents.size_tails(seen.sizes, seen.present.height)
    chance = usual.chance(shrunk["row"].to_numpy(), shrunk["shrunk"].to_numpy())
    return shrunk.select(
        "row",
        verdict=pl.lit("thin"),
        what=pl.lit(CONTENT),
        p_value=pl.Series(chance),
        beyond=pl.lit(True),
        began_at="emptied_at",
        missing=pl.lit(0.0),
    )


def _last_day(seen: Judged) -> pl.DataFrame:
    last = seen.days.filter(pl.col("back") == 0)
    return last.select("row", day_messages=pl.col("came").cast(COUNT), day_expected="expected")


def silences(seen: Judged | None) -> pl.DataFrame:
    """One row per stretch of silence that ended, and per thin day before the last one, by time; as ``SILENCES``.

    ``p_value`` is the chance that any gap, or any day, of the integration is so long or so thin; what is listed is
    certain among all integrations. A day that is thin because of a silence is told once.
    """
    if seen is None:
        return pl.DataFrame(schema=SILENCES)
    silent, thin = _certain(_past_gaps(seen), seen), _certain(_past_days(seen), seen)
    spans = silent.select("integration", fell_at="began_at", came_at="ended_at")
    during = (pl.col("fell_at") < pl.col("ended_at")) & (pl.col("came_at") > pl.col("began_at"))
    during_one = thin.join(spans, on="integration").filter(during)
    alone = thin.join(during_one, on=["integration", "began_at"], how="anti")
    return pl.concat([silent, alone]).sort("began_at", "integration")


def _past_gaps(seen: Judged) -> pl.DataFrame:
    """Every gap with the chance of it."""
    chance = gaps.gap_chance(seen.gaps, seen.gaps, one_of_them=True)
    return seen.gaps.with_columns(
        verdict=pl.lit("silent"),
        messages=pl.lit(0, COUNT),
        chance=pl.Series(chance, nan_to_null=True),
        beyond=pl.col("times") >= LEAST_GAPS,
    )


def _past_days(seen: Judged) -> pl.DataFrame:
    """Every 24 hours before the last ones with the chance of what came in them."""
    past = seen.days.filter(pl.col("back") > 0)
    chance = days.day_chance(seen.days, past, seen.present.height, one_of_them=True)
    return past.with_columns(
        integration=seen.expected.integrations.gather(past["row"]),
        verdict=pl.lit("thin"),
        hours=pl.lit(24.0),
        messages=pl.col("came").cast(COUNT),
        missing=pl.col("expected") - pl.col("came"),
        chance=pl.Series(chance, nan_to_null=True),
        beyond=pl.col("thin"),
    )


def _certain(tested: pl.DataFrame, seen: Judged) -> pl.DataFrame:
    """The rows of `tested` that are no chance, so many being tested of an integration and so many integrations."""
    judged = seen.present.filter("enough").select("integration")
    each = tested.join(judged, on="integration", how="semi", maintain_order="left").with_columns(
        p_value=(pl.col("chance") * pl.len().over("row")).clip(0, 1)
    )
    among = pl.col("p_value") * judged.height
    return each.filter(among <= SILENCE_LEVEL, "beyond").select(*SILENCES).cast(SILENCES)


def said_of_silence(silence: pl.DataFrame) -> str | None:
    """Of which integrations it cannot be told, and why, for the notes on method; None where it can of all."""
    unclear = silence.filter(pl.col("verdict") == "cannot tell")
    never = unclear.filter(pl.col("last_at").is_null())["integration"]
    short = unclear.filter(pl.col("last_at").is_not_null() & pl.col("missing").is_null())["integration"]
    once = unclear.filter(pl.col("missing").is_not_null())["integration"]
    said = {
        "of {} in the catalog no message was ever read": never,
        "{} came too seldom or too short to show when to expect the next": short,
        "{} lack what was expected, but no more than they did before": once,
    }
    parts = [sentence.format(_some(names)) for sentence, names in said.items() if len(names)]
    return f"Whether these have gone silent cannot be told: {'; '.join(parts)}." if parts else None


def _some(names: pl.Series) -> str:
    """The first names and how many more."""
    more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
    return ", ".join(names.head(3)) + more
