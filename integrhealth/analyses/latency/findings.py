"""What the latency report asks people to talk about."""

from collections.abc import Mapping

import polars as pl

from integrhealth.analyses.latency.edge_latencies import EDGE
from integrhealth.analyses.latency.tables import NAME
from integrhealth.language.findings import findings, integration_owners, ranked, severity, written
from integrhealth.language.statistics import chance_of_more, enough
from integrhealth.language.thresholds import (
    BURN_CRITICAL,
    BURN_FAST,
    DOMINANT_SHARE,
    MIN_BAD_EVENTS,
    MIN_MESSAGES,
    SLO_SUCCESS,
    SLOW_CRITICAL,
)
from integrhealth.language.wording import percent, spoken_ms
from integrhealth.traces.facts import bucket_ms


def latency_findings(
    tables: Mapping[str, pl.DataFrame],
    declared: pl.DataFrame,
    facts: pl.DataFrame,
    corrected: pl.DataFrame,
    *,
    min_messages: int = MIN_MESSAGES,
) -> pl.DataFrame:
    """Slow and failing integrations, the one step that dominates, and clocks that disagree, worst first.

    `declared` are the integrations of the catalog: owners and what was promised; `facts` as ``latency_facts`` gives
    them, for how many messages took longer, and `corrected` as ``corrected_latencies`` does, for the clocks.
    """
    promised = declared.select("integration", "slo_p95_ms", "slo_success").unique(
        "integration", keep="first", maintain_order=True
    )
    # The same integration may connect several pairs; each finding is one subject.
    pair = pl.when(pl.len().over("integration") > 1).then(pl.format("{} ({} > {})", "integration", "source", "target"))
    judged = (
        tables["integrations"]
        .join(promised, on="integration", how="left", maintain_order="left")
        .join(integration_owners(declared), on="integration", how="left", maintain_order="left")
        .with_columns(subject=pl.coalesce(pair, "integration"))
    )
    apart = _apart(corrected, min_messages=min_messages)
    return ranked(
        [
            _slow(judged, facts, apart),
            _failing(judged),
            _dominant(tables["critical_path"], min_messages=min_messages),
            _skewed(apart),
        ]
    )


def _slow(judged: pl.DataFrame, facts: pl.DataFrame, apart: pl.DataFrame) -> pl.DataFrame:
    """Integrations whose p95 lies above the one that the catalog promises.

    Certainly so where more than 5 of 100 messages take longer than the promise, counted in the buckets of latency.
    Never where they are timed by a clock that is off against others (`apart`), nobody knows how far against this one.
    """
    p95, promised = pl.col("p95_ms"), pl.col("slo_p95_ms")
    # What metrics measured is judged by its own buckets.
    by_messages = pl.col("measured_by") == "messages"
    tested = judged.filter(p95.is_not_null(), promised.is_not_null(), by_messages)
    taken = facts.join(tested.select(*EDGE, "slo_p95_ms"), on=EDGE, nulls_equal=True)
    slower = {
        name: pl.col("measured").filter(bucket_ms(pl.col("bucket")) > promised * times).sum()
        for name, times in {"slower": 1, "much_slower": SLOW_CRITICAL}.items()
    }
    counted = tested.join(taken.group_by(EDGE).agg(**slower), on=EDGE, how="left", nulls_equal=True)
    off = pl.concat([apart["source"], apart["target"]]).implode()
    either = pl.col("source").is_in(off) | pl.col("target").is_in(off)
    unclear = (pl.col("two_clocks") > 0) & pl.col("clock_offset_ms").is_null() & either
    measured = pl.when(~unclear).then("measured")
    warning, critical = (chance_of_more(pl.col(name), measured, pl.lit(0.05)) for name in slower)
    certain = counted.with_columns(severity=severity(warning=warning, critical=critical))
    # What is slow by the clocks alone is not slow.
    rows = certain.filter(p95 > promised, pl.coalesce("p95_corrected_ms", p95) > promised).with_columns(
        statement=pl.format(
            "{}: 5 of 100 messages take longer than {}; the promise is {}.",
            "subject",
            spoken_ms(p95),
            spoken_ms(promised),
        ),
        value=p95,
        unit=pl.lit("ms (p95)"),
        low=pl.col("p95_low_ms"),
        high=pl.col("p95_high_ms"),
        n=pl.col("measured"),
        threshold=promised,
        ask=pl.format(
            "Who waits for {}, and is {} still what they need?",
            "subject",
            spoken_ms(promised),
        ),
    )
    return findings(NAME, "slow_integration", rows)


def _failing(judged: pl.DataFrame) -> pl.DataFrame:
    """Integrations that fail more often than the promise of the catalog, or the default, allows.

    Only with so many messages that a single failure is not already beyond the promise, the floor for little traffic
    of burn-rate alerts (Google, The Site Reliability Workbook 2018, chapter 5); with fewer, when the share is
    certainly beyond six or fourteen times what is promised, by at least two failures. How certain it is goes by the
    failures of its own: those passed on from another message are told of the integration where they began.
    """
    budget = 1 - pl.col("slo_success").fill_null(SLO_SUCCESS)
    share = pl.col("error_share")
    bounded = judged.with_columns(low="error_low", high="error_high")
    own = pl.when(share.is_not_null()).then(pl.col("failed") - pl.col("passed_on"))
    expected = pl.col("ended") * budget  # failures that the promise allows
    burning = [(expected * rate >= 1) & (pl.col("low") > budget * rate) for rate in (BURN_CRITICAL, BURN_FAST)]
    alerting = (expected >= 1 - 1e-9) | (pl.any_horizontal(burning) & (pl.col("failed") >= MIN_BAD_EVENTS))
    warning, critical = (chance_of_more(own, pl.col("ended"), budget * rate) for rate in (1, BURN_CRITICAL))
    certain = bounded.with_columns(severity=severity(warning=warning, critical=critical))
    rows = certain.filter((share > budget) & alerting).with_columns(
        statement=pl.format(
            "{}: {} of {} messages failed ({}{}); at most {} should.",
            "subject",
            written(pl.col("failed")),
            written(pl.col("ended")),
            percent(share),
            pl.when(pl.col("passed_on") > 0)
            .then(pl.format(", {} after another had", written(pl.col("passed_on"))))
            .otherwise(pl.lit("")),
            percent(budget),
        ),
        value=share,
        unit=pl.lit("share of ended messages"),
        n=pl.col("ended"),
        threshold=budget,
        ask=pl.format("What happened to the {} that failed, and who noticed?", written(pl.col("failed"))),
    )
    return findings(NAME, "failing_integration", rows)


def _dominant(path: pl.DataFrame, *, min_messages: int) -> pl.DataFrame:
    """The step that takes most of all critical-path time, where there are at least three and enough journeys.

    A fact and a note: some step takes longest in every company. What is too slow breaks a promise, which is said of its
    integration.
    """
    step = pl.concat_str("system", "operation", separator=": ", ignore_nulls=True)
    eligible = (pl.col("share") > DOMINANT_SHARE) & (pl.col("traces") >= min_messages) & pl.lit(path.height >= 3)
    rows = path.filter(eligible).with_columns(
        subject=step,
        severity=pl.lit("note"),
        statement=pl.format(
            "{} takes {} of all the time that journeys wait for; {} of them pass it.",
            step,
            percent(pl.col("share")),
            "traces",
        ),
        value=pl.col("share"),
        unit=pl.lit("share of critical-path time"),
        low=pl.col("share_low"),
        high=pl.col("share_high"),
        n=pl.col("traces"),
        threshold=pl.lit(DOMINANT_SHARE),
        ask=pl.format("What would it take to make {} twice as fast, before anything else is tuned?", step),
    )
    return findings(NAME, "dominant_step", rows)


def _apart(corrected: pl.DataFrame, *, min_messages: int) -> pl.DataFrame:
    """Pairs of systems whose clocks are further apart than most messages take that both of them time, with severity.

    Both directions of a pair are one pair of clocks, seen by the one that has more messages.
    """
    pairs = corrected.group_by("source", "target").agg(
        pl.col("clock_offset_ms").first(), pl.col("two_clocks", "shorter").sum()
    )
    judged = pairs.filter(enough(pl.col("two_clocks"), min_messages), pl.col("clock_offset_ms").is_not_null())
    beyond = chance_of_more(pl.col("shorter"), pl.col("two_clocks"), pl.lit(0.5))
    certain = judged.with_columns(severity=severity(warning=beyond))
    ends = [function("source", "target") for function in (pl.min_horizontal, pl.max_horizontal)]
    most = certain.filter(pl.col("shorter") > pl.col("two_clocks") / 2).sort(
        "two_clocks", "source", "target", descending=[True, False, False]
    )
    return most.with_columns(first=ends[0], second=ends[1]).unique(
        ["first", "second"], keep="first", maintain_order=True
    )


def _skewed(apart: pl.DataFrame) -> pl.DataFrame:
    """One finding per pair that is `apart`. Offsets that spoil less are said in the notes."""
    offset = pl.col("clock_offset_ms")
    rows = apart.with_columns(
        subject=pl.format("{} > {}", "source", "target"),
        statement=pl.format(
            "The clock of {} is {} {} that of {}: {} of {} messages between them take less.",
            "target",
            spoken_ms(offset.abs()),
            pl.when(offset < 0).then(pl.lit("behind")).otherwise(pl.lit("ahead of")),
            "source",
            written(pl.col("shorter")),
            written(pl.col("two_clocks")),
        ),
        value=offset,
        unit=pl.lit("ms that the clocks are apart"),
        n=pl.col("two_clocks"),
        ask=pl.format("Which of {} and {} does not keep its clock in step?", "source", "target"),
    )
    return findings(NAME, "clock_skew", rows)
