"""Which integrations leave gaps in the trail, and which fail without saying why."""

import polars as pl

from integrhealth.analyses.reconciliation.tables import NAME
from integrhealth.language.findings import findings, integration_owners, severity, written
from integrhealth.language.statistics import chance_of_more, enough, wilson_interval
from integrhealth.language.thresholds import MIN_MESSAGES, REASONLESS_WARNING, TRAIL_FULL, TRAIL_PARTIAL
from integrhealth.language.wording import and_others, exact_percent, percent

# What a person asks where the answer is missing.
ASKED = {
    "what": "what was sent",
    "when": "when it was sent",
    "who": "who sent it",
    "received": "whether it was received",
    "succeeded": "how it ended",
    "why": "why it failed",
}
SHOWN = 3


def trail_findings(
    by_integration: pl.DataFrame, *, integrations: pl.DataFrame, min_messages: int = MIN_MESSAGES
) -> list[pl.DataFrame]:
    """All findings about the trail. `by_integration` is the table ``trail_integrations``, `integrations` those of the
    catalog, which say who owns what."""
    owned = by_integration.join(
        integration_owners(integrations), on="integration", how="left", maintain_order="left"
    ).rename({"integration": "subject"})
    reasonless = generic_errors(owned, min_messages=min_messages)
    gaps = trail_gaps(owned, reasonless, min_messages=min_messages)
    return [gaps, reasonless, never_logged(owned, min_messages=min_messages)]


def trail_gaps(owned: pl.DataFrame, reasonless: pl.DataFrame, *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """``trail_gaps``: fewer than 99% of the messages of an integration answer everything that its log records.

    A warning where that is certain, critical where certainly fewer than 90% do. What the log never records of any
    message is told by ``never_logged``; where reasons are what is missing most, ``generic_errors`` (`reasonless`) says.
    """
    judged = owned.filter(enough(pl.col("messages"), min_messages)).with_columns(
        lacking=pl.col("messages") - pl.col("trailed_as_logged"), value=pl.col("trailed_as_logged") / pl.col("messages")
    )
    rows = (
        judged.with_columns(
            severity=severity(
                warning=chance_of_more(pl.col("lacking"), pl.col("messages"), pl.lit(1 - TRAIL_FULL)),
                critical=chance_of_more(pl.col("lacking"), pl.col("messages"), pl.lit(1 - TRAIL_PARTIAL)),
            )
        )
        .filter(pl.col("value") < TRAIL_FULL)
        .join(reasonless.select("subject", missing=pl.lit("why")), on=["subject", "missing"], how="anti")
    )
    low, high = wilson_interval(rows["trailed_as_logged"].to_numpy(), rows["messages"].to_numpy())
    question = pl.col("missing").replace_strict(ASKED, return_dtype=pl.String)
    return findings(
        NAME,
        "trail_gaps",
        rows.with_columns(
            low=pl.Series(low, dtype=pl.Float64),
            high=pl.Series(high, dtype=pl.Float64),
            n="messages",
            unit=pl.lit("share of messages"),
            threshold=pl.lit(TRAIL_FULL),
            statement=pl.format(
                "{} of {} messages of {} leave a full trail ({}). Most often missing: {}.",
                written(pl.col("trailed_as_logged")),
                written(pl.col("messages")),
                "subject",
                exact_percent(pl.col("value")),
                question,
            ),
            ask=pl.format("Where could the log of {} say {}?", "subject", question),
        ),
    )


def generic_errors(owned: pl.DataFrame, *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """``generic_errors``: over 10% of at least `min_messages` failures say no reason; a warning where certainly."""
    refused = pl.col("failed") + pl.col("declined")
    rows = (
        owned.with_columns(n=refused, lacking=refused - pl.col("reasons"))
        .filter(enough(pl.col("n"), min_messages))
        .with_columns(
            value=pl.col("lacking") / pl.col("n"),
            severity=severity(warning=chance_of_more(pl.col("lacking"), pl.col("n"), pl.lit(REASONLESS_WARNING))),
        )
        .filter(pl.col("value") > REASONLESS_WARNING)
    )
    low, high = wilson_interval(rows["lacking"].to_numpy(), rows["n"].to_numpy())
    return findings(
        NAME,
        "generic_errors",
        rows.with_columns(
            low=pl.Series(low, dtype=pl.Float64),
            high=pl.Series(high, dtype=pl.Float64),
            unit=pl.lit("share of failures"),
            threshold=pl.lit(REASONLESS_WARNING),
            statement=pl.format(
                "{} of {} failures of {} do not say why ({}): the log has no text, or one such as error or 500.",
                written(pl.col("lacking")),
                written(pl.col("n")),
                "subject",
                percent(pl.col("value")),
            ),
            ask=pl.format("Can {} write down why it turns a message down?", "subject"),
        ),
    )


def never_logged(owned: pl.DataFrame, *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """``never_logged``: an answer that the logs of some integrations of `min_messages` never give; a note per answer.

    The log that was read has no place for it; whether another has, nobody can tell from here.
    """
    seen = owned.filter(enough(pl.col("messages"), min_messages))
    lacking = (
        seen.explode("never_logged").drop_nulls("never_logged").sort("messages", "subject", descending=[True, False])
    )
    rows = lacking.group_by(subject="never_logged", maintain_order=True).agg(
        n=pl.len().cast(pl.Int64), names=pl.col("subject").head(SHOWN).str.join(", ")
    )
    rows = rows.sort("n", "subject", descending=[True, False])
    question = pl.col("subject").replace_strict(ASKED, return_dtype=pl.String)
    return findings(
        NAME,
        "never_logged",
        rows.with_columns(
            severity=pl.lit("note"),
            value=pl.col("n") / seen.height,
            unit=pl.lit("share of integrations"),
            statement=pl.format(
                "The logs of {} of {} integrations never say {}: {}{}.",
                "n",
                pl.lit(seen.height),
                question,
                "names",
                and_others(pl.col("n"), SHOWN),
            ),
            ask=pl.format("Does another log say {}, and can it be read too?", question),
        ),
    )
