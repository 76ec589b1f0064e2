"""The milestones of orders and returns: when each step was done, whether it was, and by which of its tries."""

import polars as pl

from integrhealth.sample.companies import Company
from integrhealth.sample.journeys.records import FIRST_STEP
from integrhealth.sample.landscape import JOURNEYS
from integrhealth.sample.logs.otlp import RECEIVER, span_code, trace_id, traces

# The journeys of goods and money, and the nightly extract of what was sold; of each the steps that leave a mark.
STEPS = {
    "order": ("create", "ship", "issue", "invoice", "collect", "history", "customer", "announce", "portal"),
    "quote": ("quote", "create", "ship", "issue", "invoice", "collect", "history", "announce", "portal"),
    "return": ("register", "receive", "credit"),
    "nightly": ("sales",),
}
NAMES = tuple(dict.fromkeys(name for names in STEPS.values() for name in names))
_POSITIONS = {
    (journey.name, step.name): FIRST_STEP[journey.name] + position
    for journey in JOURNEYS
    for position, step in enumerate(journey.steps)
}


def milestones(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per journey of ``STEPS``: journey, number, amount, and by step of the last try `<step>_sent_us`, `_us`
    (finished), `_try` and `_ok`; null where the step did not happen. `rows` as ``records.named`` gives them.
    """
    last = pl.col("attempt") == pl.col("attempt").max().over("step", "number")
    done = rows.filter(pl.col("journey").is_in(list(STEPS))).filter(last)
    of_step = [
        values.filter(pl.col("name") == name).first().alias(f"{name}{what}")
        for name in NAMES
        for what, values in (
            ("_sent_us", pl.col("sent_us")),
            ("_us", pl.col("finished_us")),
            ("_try", pl.col("attempt")),
            ("_ok", ~pl.col("failed")),
        )
    ]
    return done.group_by("journey", "number").agg(pl.col("amount").max(), *of_step).sort("number")


def message_ids(chosen: pl.DataFrame, step: str, company: Company) -> pl.Expr:
    """The ids of the messages by which `step` was done in `chosen` milestones, as they are read from the traces."""
    codes = {
        (journey, attempt): span_code(_POSITIONS[journey, step], attempt, RECEIVER)
        for journey, names in STEPS.items()
        if step in names
        for attempt in range(1, company.retrying.most + 2)
    }
    trace = traces(chosen["number"], company.key)
    code = [codes.get(key) for key in chosen.select("journey", f"{step}_try").rows()]
    ids = pl.DataFrame({"trace": trace, "code": pl.Series(code, dtype=pl.String)})
    return pl.lit(ids.select(pl.format("{}:{}{}", trace_id(), "trace", "code")).to_series())
