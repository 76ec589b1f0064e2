"""What promises ask people to talk about: what burns now, days on which a page went off, what nobody knows of."""

import polars as pl

from integrhealth.analyses.latency.promises.burn_rates import ALERTS
from integrhealth.analyses.latency.tables import NAME
from integrhealth.language.findings import findings, integration_owners, ranked, severity, written
from integrhealth.language.report_tables import SEVERITIES
from integrhealth.language.schema import NUMBER
from integrhealth.language.statistics import chance_of_more, wilson_interval
from integrhealth.language.thresholds import BURN_CRITICAL
from integrhealth.language.wording import spoken_ms

WITHIN = {"1h/5m": "hour", "6h/30m": "6 hours", "1d/2h": "day", "3d/6h": "3 days"}
NO_OWNER = "without an owner"
# Days and names that a finding says; the rest is counted or stands in the table.
MOST_DAYS, MOST_NAMES = 3, 3


def promise_findings(levels: pl.DataFrame, declared: pl.DataFrame) -> pl.DataFrame:
    """What a person should talk about, from the table ``slo``; `declared` are the integrations of the catalog.

    That an integration fails or is slow on the whole is said of it elsewhere. Here: an alert that still goes off with
    its last message, the days on which a page would have gone off, and promises of which nothing can be said.
    """
    p95 = pl.when(pl.col("promise") == "p95").then(pl.format("{} (p95)", "integration"))
    owners = integration_owners(declared)
    owned = levels.join(owners, on="integration", how="left", maintain_order="left").with_columns(
        subject=p95.otherwise("integration"), budget=1 - pl.col("objective"), alert=pl.col("window").replace(ALERTS)
    )
    return ranked([_burning(owned), _burned(owned), _silent(owned)])


def times(burn: pl.Expr) -> pl.Expr:
    """A burn as a person says it: two digits that count."""
    return burn.round_sig_figs(2).cast(pl.String).str.replace(r"\.0$", "")


def _names(column: str) -> pl.Expr:
    return pl.col(column).head(MOST_NAMES).str.join(", ")


def _burning(owned: pl.DataFrame) -> pl.DataFrame:
    """One finding per promise whose alert goes off in the windows that end with its last message: the fastest of them.

    A warning where the share of bad messages in its long window is certainly above what is promised, critical where a
    page goes off and it is certainly above six times as much. Not where the window holds most of all its messages: what
    that is like is said of the integration on the whole.
    """
    bad, n, budget = pl.col("now_bad"), pl.col("now_messages"), pl.col("budget")
    page = pl.when(pl.col("alert") == "page")
    critical = page.then(chance_of_more(bad, n, budget * BURN_CRITICAL))
    certain = owned.with_columns(severity=severity(warning=chance_of_more(bad, n, budget), critical=critical))
    # Of one promise the most severe, and of such the fastest windows, as they stand in the table.
    rank = pl.col("severity").replace_strict(SEVERITIES, range(len(SEVERITIES)), return_dtype=pl.Int8)
    firing = certain.filter("firing", 2 * n <= pl.col("messages")).sort(rank, maintain_order=True)
    firing = firing.unique("subject", keep="first", maintain_order=True)
    low, high = (pl.Series(each, dtype=NUMBER) for each in wilson_interval(firing["now_bad"], firing["now_messages"]))
    slow = pl.format("took longer than {}", spoken_ms(pl.col("limit_ms")))
    rows = firing.with_columns(
        statement=pl.format(
            "{}: {} of {} messages {} in the {} up to its last, {}: {} times what is promised.{}",
            "integration",
            written(bad),
            written(n),
            pl.when(pl.col("promise") == "p95").then(slow).otherwise(pl.lit("failed")),
            pl.col("window").replace_strict(WITHIN, return_dtype=pl.String),
            pl.col("last_at").dt.strftime("%Y-%m-%d %H:%M"),
            times(bad / n / budget),
            pl.when(pl.col("budget_left") <= 0).then(pl.lit(" The budget is spent.")).otherwise(pl.lit("")),
        ),
        value=pl.col("burn_now"),
        unit=pl.lit("times the share that is promised"),
        low=low / firing["budget"],
        high=high / firing["budget"],
        n=n,
        threshold=pl.col("factor"),
        ask=pl.format("Who is at work on {}, and what waits for it meanwhile?", "integration"),
    )
    return findings(NAME, "burning_budget", rows)


def _burned(owned: pl.DataFrame) -> pl.DataFrame:
    """One note for each of the worst days on which a page went off that does not go off any more.

    Not where the window holds most of all messages, as above.
    """
    over = (pl.col("verdict") == "page") & ~pl.col("firing").any().over("subject")
    over &= 2 * pl.col("window_messages") <= pl.col("messages")
    paged = owned.filter(over).unique("subject", keep="first", maintain_order=True)
    days = (
        paged.sort("burn", "subject", descending=[True, False])
        .group_by(day=pl.col("burned_at").dt.strftime("%Y-%m-%d"), maintain_order=True)
        .agg(
            promises=pl.len(),
            names=_names("subject"),
            burn=pl.col("burn").max(),
            first=pl.col("integration").first(),
            bad=pl.col("window_bad").sum(),
            n=pl.col("window_messages").sum(),
        )
        .sort("bad", "day", descending=[True, False])
        .head(MOST_DAYS)
    )
    rows = days.with_columns(
        subject=pl.col("day"),
        severity=pl.lit("note"),
        statement=pl.format(
            "On {} {} would have paged somebody: {}, up to {} times what is promised.",
            "day",
            pl.when(pl.col("promises") == 1).then(pl.lit("a promise")).otherwise(pl.format("{} promises", "promises")),
            "names",
            times(pl.col("burn")),
        ),
        value=pl.col("burn"),
        unit=pl.lit("times the share that is promised"),
        ask=pl.format("Who noticed {} on {}, and how long after it began?", "first", "day"),
    )
    return findings(NAME, "burned_budget", rows)


def _silent(owned: pl.DataFrame) -> pl.DataFrame:
    """One note per owner of promises that nothing is known of: silent, or in the catalog alone."""
    silent = owned.filter(pl.col("verdict") == "no data", pl.col("promise") == "success")
    rows = (
        silent.unique("integration")
        .sort("integration")
        .group_by("owner", maintain_order=True)
        .agg(
            value=pl.len(), n=pl.col("messages").sum(), names=_names("integration"), first=pl.col("integration").first()
        )
        .with_columns(
            subject=pl.col("owner").fill_null(NO_OWNER),
            severity=pl.lit("note"),
            statement=pl.format(
                "Nobody knows whether a promise is kept of which no message ends, or none any more: {}{}.",
                "names",
                pl.when(pl.col("value") > MOST_NAMES)
                .then(pl.format(" and {} more", pl.col("value") - MOST_NAMES))
                .otherwise(pl.lit("")),
            ),
            unit=pl.lit("integrations without data"),
            ask=pl.format("Is {} not used any more, not logged, or broken?", "first"),
        )
    )
    return findings(NAME, "promise_without_data", rows)
