"""What silence asks people to talk about: who waits for what does not come, and who noticed what came back."""

import polars as pl

from integrhealth.analyses.latency.silence.verdicts import CONTENT, MESSAGES
from integrhealth.analyses.latency.tables import NAME
from integrhealth.language.findings import findings, integration_owners, ranked, severity, written
from integrhealth.language.thresholds import SILENCE_LEVEL
from integrhealth.language.wording import spoken_ms

HOUR_MS = 3_600_000
# Past silences that are told, the longest of those that fell together.
TOLD = 3


def silence_findings(silence: pl.DataFrame, silences: pl.DataFrame, declared: pl.DataFrame) -> pl.DataFrame:
    """What a person should talk about, from the tables of these names.

    `declared` are the integrations of the catalog: owners, and how long each may be late.
    """
    tolerated = declared.select("integration", "tolerance_ms").drop_nulls().unique("integration", keep="first")
    judged = (
        silence.join(integration_owners(declared), on="integration", how="left", maintain_order="left")
        .join(tolerated, on="integration", how="left", maintain_order="left")
        .with_columns(subject="integration")
    )
    return ranked([_silent(judged), _thin(judged), _empty(judged), _past(silences, declared)])


def _whole(number: pl.Expr) -> pl.Expr:
    return written(number.round().cast(pl.Int64))


def _silent(judged: pl.DataFrame) -> pl.DataFrame:
    """Silent integrations; critical where the next message is overdue for longer than the catalog tolerates."""
    overdue_ms = (pl.col("silent_hours") - pl.col("expected_gap")) * HOUR_MS
    beyond = (overdue_ms > pl.col("tolerance_ms")).fill_null(False)
    certain = judged.with_columns(severity=severity(warning=pl.col("p_value")))
    rows = certain.filter(pl.col("verdict") == "silent").with_columns(
        severity=pl.when(beyond).then(pl.lit("critical")).otherwise("severity"),
        statement=pl.format(
            "{}: nothing came for {}; {} to be expected meanwhile.",
            "subject",
            spoken_ms(pl.col("silent_hours") * HOUR_MS),
            _were(pl.col("missing")),
        ),
        value=pl.col("silent_hours"),
        unit=pl.lit("hours without a message"),
        n=pl.col("messages"),
        threshold=pl.coalesce(pl.col("tolerance_ms") / HOUR_MS, "expected_gap"),
        ask=pl.format("Is anybody waiting for {}, and who would notice that it stopped?", "subject"),
    )
    return findings(NAME, "gone_silent", rows)


def _were(count: pl.Expr) -> pl.Expr:
    return (
        pl.when(count.round() == 1)
        .then(pl.lit("1 message was"))
        .otherwise(pl.format("{} messages were", _whole(count)))
    )


def _thin(judged: pl.DataFrame) -> pl.DataFrame:
    certain = judged.with_columns(severity=severity(warning=pl.col("p_value")))
    rows = certain.filter((pl.col("verdict") == "thin") & (pl.col("what") == MESSAGES)).with_columns(
        statement=pl.format(
            "{}: {} came in the last 24 hours instead of {}.",
            "subject",
            pl.when(pl.col("day_messages") == 1)
            .then(pl.lit("1 message"))
            .otherwise(pl.format("{} messages", written(pl.col("day_messages")))),
            _whole(pl.col("day_expected")),
        ),
        value=pl.col("day_messages") / pl.col("day_expected"),
        unit=pl.lit("share of the messages expected in 24 hours"),
        n=pl.col("day_messages"),
        ask=pl.format("Is anybody waiting for the rest of {}?", "subject"),
    )
    return findings(NAME, "thin_day", rows)


def _empty(judged: pl.DataFrame) -> pl.DataFrame:
    certain = judged.with_columns(severity=severity(warning=pl.col("p_value")))
    rows = certain.filter((pl.col("verdict") == "thin") & (pl.col("what") == CONTENT)).with_columns(
        statement=pl.format(
            "{}: messages come and say ok, and bring next to nothing since {}.",
            "subject",
            pl.col("began_at").dt.strftime("%Y-%m-%d %H:%M UTC"),
        ),
        unit=pl.lit("chance of it"),
        value=pl.col("p_value"),
        n=pl.col("messages"),
        threshold=pl.lit(SILENCE_LEVEL),
        ask=pl.format("Is anybody waiting for what {} used to bring?", "subject"),
    )
    return findings(NAME, "empty_answers", rows)


def _past(silences: pl.DataFrame, declared: pl.DataFrame) -> pl.DataFrame:
    """Silences that ended, those that overlap as one: a note, as it is over."""
    fell = silences.sort("began_at", "integration")
    apart = fell["began_at"] > fell["ended_at"].cum_max().shift(1)
    together = fell.with_columns(fall=apart.fill_null(False).cum_sum()).sort(
        "missing", "integration", descending=[True, False]
    )
    rows = (
        together.group_by("fall", maintain_order=True)
        .agg(
            pl.col("integration", "verdict", "missing", "messages").first(),
            others=pl.col("integration").n_unique() - 1,
            began_at=pl.col("began_at").first(),
            hours=pl.col("hours").first(),
        )
        .sort("missing", "fall", descending=[True, False])
        .head(TOLD)
        .join(integration_owners(declared), on="integration", how="left", maintain_order="left")
        .with_columns(
            subject="integration",
            severity=pl.lit("note"),
            statement=pl.format(
                "{}{} brought {} for {} from {} on, and came back; {} missing.",
                "integration",
                pl.when(pl.col("others") > 0).then(pl.format(" and {} more", "others")).otherwise(pl.lit("")),
                pl.when(pl.col("messages") == 0).then(pl.lit("nothing")).otherwise(pl.lit("hardly anything")),
                spoken_ms(pl.col("hours") * HOUR_MS),
                pl.col("began_at").dt.strftime("%Y-%m-%d %H:%M UTC"),
                _were(pl.col("missing")),
            ),
            value=pl.col("missing"),
            unit=pl.lit("messages missing"),
            n=pl.col("others").cast(pl.Int64) + 1,
            ask=pl.format("Who noticed that {} had stopped, and was all of it sent later?", "integration"),
        )
    )
    return findings(NAME, "was_silent", rows)
