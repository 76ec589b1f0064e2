"""What requests that metrics count ask people to talk about, and what to say of how they were read."""

import polars as pl

from integrhealth.analyses.latency.edge_latencies import EDGE, p95_limits
from integrhealth.analyses.latency.request_metrics.answers import slower
from integrhealth.analyses.latency.request_metrics.requests import UNLABELLED
from integrhealth.analyses.latency.tables import NAME
from integrhealth.language.findings import findings, integration_owners, ranked, severity, written
from integrhealth.language.safe_text import visible_and_cut
from integrhealth.language.statistics import chance_of_more, enough
from integrhealth.language.thresholds import COUNTS_APART, MIN_MESSAGES, SLOW_CRITICAL
from integrhealth.language.wording import counted, spoken_ms

# Letters of a name that a note has room for (own).
LONGEST_NAME = 80
ONE_SAMPLE = "Metrics count requests here, but a counter tells only what came between two of its samples."


def request_findings(
    integrations: pl.DataFrame,
    taken: pl.DataFrame,
    compared: pl.DataFrame,
    declared: pl.DataFrame,
    *,
    min_messages: int,
) -> pl.DataFrame:
    """Slow integrations by their histograms, and what messages and metrics count differently, worst first.

    `integrations` are the rows of the table that are measured by metrics, `taken` their buckets, `declared` the
    integrations of the catalog.
    """
    return ranked([_slow(integrations, taken, declared), _apart(compared, declared, min_messages=min_messages)])


def _slow(integrations: pl.DataFrame, taken: pl.DataFrame, declared: pl.DataFrame) -> pl.DataFrame:
    """Integrations of which more than 5 of 100 requests lie in buckets that begin at the promised p95 or above."""
    tested = integrations.join(p95_limits(declared), on="integration").filter(pl.col("p95_low_ms").is_not_null())
    limits = tested.select(*EDGE, "slo_p95_ms")
    counted = (
        taken.join(limits, on=EDGE, nulls_equal=True)
        .group_by(EDGE)
        .agg(slower=slower(pl.col("slo_p95_ms")), much_slower=slower(pl.col("slo_p95_ms") * SLOW_CRITICAL))
    )
    owned = tested.join(counted, on=EDGE, nulls_equal=True).join(
        integration_owners(declared), on="integration", how="left"
    )
    warning, critical = (
        chance_of_more(pl.col(name), pl.col("measured"), pl.lit(0.05)) for name in ("slower", "much_slower")
    )
    judged = owned.with_columns(severity=severity(warning=warning, critical=critical)).sort(EDGE)
    low, limit = pl.col("p95_low_ms"), pl.col("slo_p95_ms")
    rows = judged.filter(pl.col("slower") > 0.05 * pl.col("measured")).with_columns(
        subject="integration",
        statement=pl.format(
            "{}: 5 of 100 requests take longer than {}, by its histogram; the promise is {}.",
            "integration",
            spoken_ms(low),
            spoken_ms(limit),
        ),
        value=low,
        unit=pl.lit("ms (p95, at least)"),
        low=low,
        high=pl.col("p95_high_ms"),
        n=pl.col("measured"),
        threshold=limit,
        ask=pl.format("Who waits for {}, and is {} still what they need?", "integration", spoken_ms(limit)),
    )
    return findings(NAME, "slow_integration", rows)


def _apart(compared: pl.DataFrame, declared: pl.DataFrame, *, min_messages: int) -> pl.DataFrame:
    """Integrations whose messages and metrics differ by more than one in twenty; a note, as either may be right."""
    owned = compared.join(integration_owners(declared), on="integration", how="left", maintain_order="left")
    rows = owned.filter(pl.col("apart") > COUNTS_APART, _enough(min_messages)).with_columns(
        subject="integration",
        severity=pl.lit("note"),
        statement=pl.format(
            "{}: messages counted {}, metrics {} in the same time.",
            "integration",
            written(pl.col("messages")),
            written(pl.col("requests")),
        ),
        value=pl.col("apart"),
        unit=pl.lit("share of the larger count"),
        n=pl.max_horizontal("messages", "requests"),
        threshold=pl.lit(COUNTS_APART),
        ask=pl.format("What of {} does only one of the two see, and who relies on the other?", "integration"),
    )
    return findings(NAME, "counted_differently", rows)


def said_of_requests(
    ended: pl.DataFrame, compared: pl.DataFrame, down: pl.DataFrame, *, counting: bool, resets: int, faulty: int
) -> str | None:
    """How metrics were read, for the notes on method; None where they count no requests.

    `ended` are the requests that metrics alone count; `counting` says whether any series counts requests at all,
    `down` how often systems could not be asked.
    """
    said = [] if ended.height or not counting else [ONE_SAMPLE]
    if ended.height:
        unlabelled = ended.filter(pl.col("status") == UNLABELLED)["requests"].sum()
        strange = ended.filter(pl.col("status") == "unknown")["requests"].sum()
        said.append(
            f"Metrics alone tell of {counted(ended['integration'].n_unique(), 'integration')}: percentiles there are "
            "the upper bounds of the buckets of histograms, so many took at most so long."
        )
        if unlabelled + strange:
            said.append(
                f"How a request ended is told by no label for {unlabelled:,} of them, and in an unknown word for "
                f"{strange:,}."
            )
        if resets:
            said.append(f"Counters began anew {counted(resets, 'time')}.")
        gone = down.join(ended, left_on="system", right_on="target", how="semi")
        if gone.height:
            said.append(
                f"In {counted(gone['samples'].sum(), 'sample')} of up {counted(gone.height, 'system')} could not be "
                "asked: what was asked meanwhile is not known."
            )
        if faulty:
            said.append(
                f"Histograms whose buckets contradict each other were left out for {faulty:,} times five minutes."
            )
    apart = compared.filter(pl.col("apart") > COUNTS_APART, _enough(MIN_MESSAGES))
    if apart.height:
        shown = apart.with_columns(visible_and_cut(pl.col("integration"), LONGEST_NAME))
        worst = shown.sort("apart", "integration", descending=[True, False]).row(0, named=True)
        said.append(
            f"Messages and metrics differ by more than {COUNTS_APART:.0%} on {counted(apart.height, 'integration')}, "
            f"most on {worst['integration']}: messages counted {worst['messages']:,}, metrics {worst['requests']:,}."
        )
    return " ".join(said) or None


def _enough(min_messages: int) -> pl.Expr:
    return enough(pl.max_horizontal("messages", "requests"), min_messages)
