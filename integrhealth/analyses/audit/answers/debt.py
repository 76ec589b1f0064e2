"""Integration debt: how many questions are not answered with yes, and what that costs a year."""

import polars as pl

from integrhealth.analyses.audit.answers.answering import CLAIMED_ONLY, NO_ANSWER, is_open
from integrhealth.analyses.audit.answers.interest import DAYS_PER_YEAR, HOURS_PER_DAY, PARTS
from integrhealth.language.schema import COUNT, NUMBER, TEXT, WORDS
from integrhealth.language.thresholds import DEBT_BANDS, MIN_INTEREST_DAYS, MOST_OPEN_QUESTIONS

DEBT, NONE, UNKNOWN = "debt", "none", "cannot tell"
BANDS = ("A", "B", "C", "D", "E")
MONEY = {part: f"{part.replace(' ', '_')}_interest" for part in PARTS}
TABLE = {
    "open_questions": COUNT,
    "verdict": TEXT,
    "yearly_interest": NUMBER,
    "open": WORDS,
    "answered": COUNT,
    "claimed_only": COUNT,
    "unanswered": COUNT,
    **dict.fromkeys(MONEY.values(), NUMBER),
    "search_hours": NUMBER,
    "yearly_value": NUMBER,
    "value_from": TEXT,
    "band": TEXT,
    "currency": TEXT,
    "period_days": NUMBER,
}


def debt(
    answers: pl.DataFrame,
    interest: pl.DataFrame,
    *,
    search_hours: float | None,
    value: tuple[float | None, str | None],
    currency: str | None,
    period_days: float | None,
) -> pl.DataFrame:
    """One row (TABLE), none without `answers`: the verdict on the `answers`, and the `interest` with its parts.

    None, where even with the unanswered questions no more than MOST_OPEN_QUESTIONS could be open. `value` is what the
    integrations carry a year, and what says so.
    """
    if answers.is_empty():
        return pl.DataFrame(schema=TABLE)
    counted = answers["counted"]
    is_not_yes = answers.filter(is_open())
    unanswered = int((counted == NO_ANSWER).sum())
    few = is_not_yes.height + unanswered <= MOST_OPEN_QUESTIONS
    verdict = DEBT if is_not_yes.height > MOST_OPEN_QUESTIONS else NONE if few else UNKNOWN
    parts = dict(interest.drop_nulls("amount").group_by("part").agg(pl.col("amount").sum()).rows())
    whole = sum(parts.values()) if parts else None
    yearly = DAYS_PER_YEAR / period_days if period_days and period_days >= MIN_INTEREST_DAYS else None
    row = {
        "open_questions": is_not_yes.height,
        "verdict": verdict,
        "yearly_interest": whole,
        "open": [f"{number} {_word(*words)}" for number, *words in is_not_yes["question", "counted", "claimed"].rows()],
        "answered": answers.height - unanswered - int((counted == CLAIMED_ONLY).sum()),
        "claimed_only": int((counted == CLAIMED_ONLY).sum()),
        "unanswered": unanswered,
        **{column: parts.get(part) for part, column in MONEY.items()},
        "search_hours": search_hours * yearly if search_hours is not None and yearly else None,
        "yearly_value": value[0],
        "value_from": value[1],
        "band": band(whole, value[0]),
        "currency": currency,
        "period_days": period_days,
    }
    return pl.DataFrame([row], schema=TABLE)


def _word(counted: str, claimed: str | None) -> str:
    return f"{claimed} (claimed only)" if counted == CLAIMED_ONLY else counted


def band(interest: float | None, value: float | None) -> str | None:
    """A to E by the share of the value that the interest takes; null where one of them is not known."""
    if interest is None or not value:
        return None
    return BANDS[sum(interest / value > limit for limit in DEBT_BANDS)]


def yearly_value(
    capabilities: pl.DataFrame, integrations: pl.DataFrame, moved: pl.DataFrame, *, period_days: float | None
) -> tuple[float | None, str | None]:
    """What the integrations carry a year, and what says so.

    Either the `capabilities` of the catalog name what an hour of them is worth, or its `integrations` what an object
    is: then the one that carries most, since others carry the same objects on. `moved` is integration, messages,
    error_share.
    """
    if hourly := capabilities["value_per_hour"].sum():
        return hourly * HOURS_PER_DAY * DAYS_PER_YEAR, "capabilities"
    if not period_days:
        return None, None
    delivered = moved.with_columns(good=pl.col("messages") * (1 - pl.col("error_share").fill_null(0.0)))
    worth = delivered.group_by("integration").agg(pl.col("good").sum()).join(integrations, on="integration")
    most = (worth["good"] * worth["value_per_object"]).max()
    if not most or period_days < MIN_INTEREST_DAYS:
        return None, None
    return most * DAYS_PER_YEAR / period_days, "the integration that carries most"
