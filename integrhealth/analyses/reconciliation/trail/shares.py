"""How many messages answer each of the six questions, and all of them: read from facts that add up."""

from collections.abc import Sequence

import polars as pl

from integrhealth.language.schema import COUNT, NUMBER, TEXT, WORDS
from integrhealth.language.statistics import enough, wilson_interval
from integrhealth.language.thresholds import MIN_MESSAGES, TRAIL_FULL, TRAIL_PARTIAL

# The questions of every message, and the one of those that did not succeed.
ALWAYS = ("what", "when", "who", "received", "succeeded")
ANSWERS = (*ALWAYS, "why")
FULL, PARTIAL, GAPS, TOO_FEW = "full", "partial", "gaps", "not enough data"
# What answers "what" and "who" of an integration: the first that its log ever records.
WHAT_BY = {"payload": "hash or size", "object": "object id"}
WHO_BY = {"actor": "actor", "system": "sending system"}
COLUMNS = {
    "messages": COUNT,
    **dict.fromkeys((*ANSWERS, "joint", "low", "high"), NUMBER),
    "verdict": TEXT,
    "missing": TEXT,
    "missing_share": NUMBER,
    "what_by": TEXT,
    "who_by": TEXT,
    "never_logged": WORDS,
    **dict.fromkeys(("trailed", "trailed_as_logged", "failed", "declined", "reasons"), COUNT),
    "top_error": TEXT,
    "top_error_share": NUMBER,
    **dict.fromkeys(("unanswered", "in_flight", "with_amount", "other_amounts"), COUNT),
    "amount": NUMBER,
    "traced_money": NUMBER,
    "currency": TEXT,
}


def shares(
    facts: pl.DataFrame, by: Sequence[str], *, currency: str | None = None, min_messages: int = MIN_MESSAGES
) -> pl.DataFrame:
    """One row per `by` (integration, month, or none: the whole) of `facts` (``trail_facts``), in their order.

    Every share is of the messages asked, that of ``why`` of those that failed or were declined; null below
    `min_messages` of them. ``joint``: all that is asked of a message is answered. Money is that in `currency`, else in
    the one of most messages; what names none is taken to be in it.
    """
    if facts.is_empty():
        return pl.DataFrame(schema=dict.fromkeys(by, TEXT) | COLUMNS)
    money = currency or _commonest(facts)
    answered = _answered(facts)
    keys = list(by) or [pl.lit(0).alias("whole")]
    messages, asked = pl.col("messages"), ~pl.col("in_flight")
    refused = asked & (pl.col("failed") | pl.col("declined"))
    ours = asked & (pl.col("currency").fill_null(money) == money if money else pl.col("currency").is_null())

    def count(condition: pl.Expr) -> pl.Expr:
        return messages.filter(condition).sum()

    def only(values: pl.Expr) -> pl.Expr:
        """The one that stands for all integrations of the row, if there is one."""
        return pl.when(values.drop_nulls().n_unique() == 1).then(values.drop_nulls().first())

    counted = answered.group_by(keys).agg(
        count(asked).alias("asked"),
        *(count(asked & pl.col(answer)).alias(f"with_{answer}") for answer in ALWAYS),
        *(pl.col(f"never_{answer}").all() for answer in ALWAYS),
        *(only(pl.col(column)).alias(column) for column in ("what_by", "who_by")),
        reasons=count(refused & pl.col("why")),
        refused=count(refused),
        trailed=count(asked & pl.col("joint")),
        trailed_as_logged=count(asked & pl.col("joint_as_logged")),
        failed=count(asked & pl.col("failed")),
        declined=count(asked & pl.col("declined")),
        unanswered=count(asked & ~pl.col("succeeded")),
        in_flight=count(pl.col("in_flight")),
        with_amount=pl.col("with_amount").filter(ours).sum(),
        other_amounts=pl.col("with_amount").filter(asked & ~ours).sum(),
        cents=pl.col("cents").filter(ours).sum(),
        traced=pl.col("cents").filter(ours & pl.col("joint")).sum(),
    )
    counted = counted.sort(by) if by else counted.drop("whole")
    counted = _with_top_error(counted, answered, by)
    return _judged(counted, money, min_messages).select(*by, *COLUMNS).cast(COLUMNS)


def _commonest(facts: pl.DataFrame) -> str | None:
    used = facts.filter(pl.col("with_amount") > 0).drop_nulls("currency")
    ranked = used.group_by("currency").agg(pl.col("with_amount").sum())
    return ranked.sort("with_amount", "currency", descending=[True, False])["currency"].first()


def _answered(facts: pl.DataFrame) -> pl.DataFrame:
    """`facts` with an answer, yes or no, to each question, all of them together, and those that the log ever gives."""
    rows = facts.with_columns(
        what_by=_first_ever(WHAT_BY),
        who_by=_first_ever(WHO_BY),
        what=pl.when(_ever("payload")).then("payload").otherwise("object"),
        who=pl.when(_ever("actor")).then("actor").otherwise("system"),
    )
    rows = rows.with_columns((~_ever(answer)).alias(f"never_{answer}") for answer in ALWAYS)
    refused = pl.col("failed") | pl.col("declined")
    why = ~refused | pl.col("why")
    as_logged = [pl.col(answer) | pl.col(f"never_{answer}") for answer in ALWAYS]
    return rows.with_columns(joint=pl.all_horizontal(*ALWAYS, why), joint_as_logged=pl.all_horizontal(*as_logged, why))


def _ever(mark: str) -> pl.Expr:
    """Whether the log of the integration has this of any message that is asked."""
    return (pl.col(mark) & ~pl.col("in_flight")).any().over("integration")


def _first_ever(words: dict[str, str]) -> pl.Expr:
    return pl.coalesce(*(pl.when(_ever(mark)).then(pl.lit(word)) for mark, word in words.items()))


def _with_top_error(counted: pl.DataFrame, answered: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    # Facts name the codes of failed messages alone.
    coded = answered.drop_nulls("error_code")
    codes = coded.group_by(*by, "error_code").agg(top=pl.col("messages").sum())
    codes = codes.sort("top", "error_code", descending=[True, False])
    if not by:
        code, top = codes["error_code"].first(), codes["top"].first()
        return counted.with_columns(top_error=pl.lit(code, TEXT), top=pl.lit(top, COUNT))
    first = codes.unique(by, keep="first", maintain_order=True).rename({"error_code": "top_error"})
    return counted.join(first, on=by, how="left", maintain_order="left")


def _judged(counted: pl.DataFrame, money: str | None, min_messages: int) -> pl.DataFrame:
    asked, refused = pl.col("asked"), pl.col("refused")
    sampled = pl.when(enough(asked, min_messages))
    low, high = wilson_interval(counted["trailed"].to_numpy(), counted["asked"].to_numpy())
    never = {answer: (asked > 0) & pl.col(f"never_{answer}") for answer in ALWAYS}
    lacking = {answer: pl.when(~never[answer]).then(asked - pl.col(f"with_{answer}")) for answer in ALWAYS}
    lacking |= {"why": refused - pl.col("reasons")}
    most = pl.max_horizontal(*lacking.values())
    return counted.with_columns(
        low=pl.Series(low, dtype=NUMBER), high=pl.Series(high, dtype=NUMBER), joint=pl.col("trailed") / asked
    ).with_columns(
        *(sampled.then(pl.col(f"with_{answer}") / asked).alias(answer) for answer in ALWAYS),
        *(sampled.then(column).alias(column) for column in ("joint", "low", "high")),
        messages=asked,
        why=pl.when(enough(refused, min_messages)).then(pl.col("reasons") / refused),
        verdict=sampled.then(
            pl.when(pl.col("joint") >= TRAIL_FULL)
            .then(pl.lit(FULL))
            .when(pl.col("joint") >= TRAIL_PARTIAL)
            .then(pl.lit(PARTIAL))
            .otherwise(pl.lit(GAPS))
        ).otherwise(pl.lit(TOO_FEW)),
        missing=pl.when(most > 0).then(
            pl.coalesce(*(pl.when(count == most).then(pl.lit(answer)) for answer, count in lacking.items()))
        ),
        missing_share=sampled.then(most / asked),
        never_logged=pl.concat_list(
            pl.when(flag).then(pl.lit(answer)) for answer, flag in never.items()
        ).list.drop_nulls(),
        top_error_share=pl.when(enough(pl.col("failed"), min_messages)).then(pl.col("top") / pl.col("failed")),
        amount=pl.when(pl.col("with_amount") > 0).then(pl.col("cents") / 100),
        traced_money=pl.when(enough(pl.col("with_amount"), min_messages), pl.col("cents") > 0).then(
            pl.col("traced") / pl.col("cents")
        ),
        currency=pl.when(pl.col("with_amount") > 0).then(pl.lit(money, pl.String)),
    )
