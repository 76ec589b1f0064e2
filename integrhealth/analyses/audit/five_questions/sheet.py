"""The five questions per integration: what the catalog answers, and what nobody has said."""

import polars as pl

from integrhealth.analyses.audit.five_questions.problem_sentences import QUESTION, REASONS, SENT_BACK, STATED
from integrhealth.language.safe_text import visible_and_cut
from integrhealth.language.schema import COUNT

# What each of the five questions needs, in the words of the column ``lacking``.
PARTS = {
    "problem": ("problem",),
    "beneficiary": ("beneficiary", "interview", "decision"),
    "failure": ("fallback", "cost of failure"),
    "owner": ("owner", "backup"),
    "success": ("success metric", "baseline", "target", "due", "declared on"),
}
TEXT_LENGTH = 300


def five_questions(integrations: pl.DataFrame, verdicts: pl.DataFrame) -> pl.DataFrame:
    """One row per integration of the catalog, those with the fewest of the five answered first.

    `verdicts` are the rows of ``problem_verdicts``. A question is answered where nothing of it is ``lacking``; the
    cost of failure is told by what an error or a delay costs, or by how late a message may be.
    """
    rows = integrations.unique("integration", keep="first", maintain_order=True).join(
        verdicts, on="integration", how="left"
    )
    given = {
        "problem": pl.col("verdict") == STATED,
        "beneficiary": pl.col("beneficiary").is_not_null(),
        "interview": pl.col("interviewed_on").is_not_null(),
        "decision": pl.col("decision").is_not_null(),
        "fallback": pl.col("fallback").is_not_null(),
        "cost of failure": pl.any_horizontal(pl.col("error_cost", "delay_cost_per_hour", "tolerance_ms").is_not_null()),
        "owner": pl.col("owner").is_not_null(),
        "backup": pl.col("backup").is_not_null(),
        "success metric": pl.col("success_metric").is_not_null(),
        "baseline": pl.col("success_baseline").is_not_null(),
        "target": pl.col("success_target").is_not_null(),
        "due": pl.col("success_due").is_not_null(),
        "declared on": pl.col("success_declared_on").is_not_null(),
    }
    lacking = pl.concat_list(pl.when(~condition).then(pl.lit(part)) for part, condition in given.items())
    answered = [pl.all_horizontal(*(given[part] for part in parts)).cast(COUNT) for parts in PARTS.values()]
    why = pl.col("reason").replace_strict(REASONS, default=None, return_dtype=pl.String)
    return (
        rows.with_columns(
            lacking=lacking.list.drop_nulls(),
            answered=pl.sum_horizontal(answered),
            stated=given["problem"],
            sent_back=pl.when(pl.col("verdict") == SENT_BACK).then(pl.format("{} {}", why, pl.lit(QUESTION))),
            problem=visible_and_cut(pl.col("problem"), TEXT_LENGTH),
            tolerance_minutes=pl.col("tolerance_ms") / 60_000,
        )
        .rename({"verdict": "problem_verdict"})
        .select(
            *("integration", "answered", "problem", "problem_verdict", "stated", "sent_back"),
            *("beneficiary", "interviewed_on", "decision"),
            *("fallback", "tolerance_minutes", "error_cost", "delay_cost_per_hour", "owner", "backup"),
            *("success_metric", "success_baseline", "success_target", "success_due", "success_declared_on", "lacking"),
        )
        .sort("answered", "integration")
    )
