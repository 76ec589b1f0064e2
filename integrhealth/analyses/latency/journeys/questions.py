"""Where the time of journeys goes: one call on evidence per published table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.latency.journeys import chosen, journey_times, savings
from integrhealth.language.questions import question
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def _journey_facts(evidence: "Evidence") -> pl.DataFrame:
    return journey_times.journey_facts(evidence.journeys)


@question
def _passed(evidence: "Evidence") -> pl.DataFrame:
    return journey_times.passed(evidence.journeys)


@question
def _step_facts(evidence: "Evidence") -> pl.DataFrame:
    return journey_times.step_facts(_passed(evidence), evidence.journeys.journeys)


@question
def _median_savings(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    facts = savings.saving_facts(_passed(evidence), evidence.journeys.journeys)
    return savings.median_savings(facts, _journey_facts(evidence), min_messages=min_messages)


@question
def journeys(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per object type, slowest mean first: how long its journeys take, and what they spend the time on.

    A journey is one trace, without trace id one business object, from its first send to its last finish. The four
    parts are means along the critical path (CRISP: Zhang et al., USENIX ATC 2022) and sum to ``mean_ms``. Of them,
    ``retrying_ms`` went to attempts that failed before another one was made, and to the time between the two; in
    ``gap_ms`` no message was under way. ``unended`` journeys have no end time and count in nothing else. Percentiles
    are null below `min_messages` journeys, the means never; journeys that name no object type are the row with null.

    >>> ih.latency.journeys(evidence).select("object_type", "journeys", pl.col("p95_ms").round()).head(2).rows()
    [('return', 500, 307220546.0), ('order', 2663, 168602838.0)]

    Columns: object_type (text); journeys (count); p50_ms, p95_ms, sending_ms, waiting_ms, holding_ms, working_ms
    (number, ms); unended, skewed (count); mean_ms, max_ms, retrying_ms, gap_ms, p95_low_ms, p95_high_ms (number, ms)
    """
    return journey_times.journeys(_journey_facts(evidence), min_messages=min_messages)


@question
def critical_path(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per target system and operation on a critical path, most time first: what all journeys waited for.

    ``share`` = self_ms / all self_ms, with its 95% interval: the journey is the unit that was sampled (ratio
    estimate, linearised: Cochran, Sampling Techniques 1977, 6.3), null below `min_messages` journeys. ``drag_ms``:
    how much the step could shrink with its journeys ending sooner one for one (Devaux, Total Project Control, 1999).
    ``gap_ms``: how long journeys stood still before it, in no message; ``overhang_ms``: how long it ran on after its
    caller had ended. What only ever did that is on no path and has no row. ``retrying_ms``: time of it that went to
    attempts that failed. ``median_saved_ms``: how much sooner the median journey of ``object_type``, where the step
    drags most, would end if the step were 100 ms faster. ``skewed`` are its messages whose times contradict each
    other, ``outside_ms`` is what of them lay outside of their callers and was cut.

    >>> ih.latency.critical_path(evidence).select("system", "traces", pl.col("share").round(3)).head(2).rows()
    [('BI', 300, 0.258), ('Planning', 300, 0.203)]

    Columns: system, operation (text); self_ms (number, ms); share (number, share); drag_ms (number, ms); traces
    (count); share_low, share_high (number, share); gap_ms, overhang_ms, retrying_ms, median_saved_ms (number, ms);
    object_type (text); skewed (count); outside_ms (number, ms)
    """
    saved = _median_savings(evidence, min_messages=min_messages)
    return journey_times.critical_path(
        _step_facts(evidence), _journey_facts(evidence), saved, min_messages=min_messages
    )


@question
def steps(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per object type, target system and operation, most drag first: where a journey would gain, where not.

    In ``on_path`` of the ``journeys`` of the type the step is on the critical path, in ``beside`` it is in the journey
    and on no path. Sums over journeys: ``drag_ms`` of the former, how much the step could shrink with the journey
    ending sooner one for one; ``slack_ms`` of the latter, how much longer it could take before the journey did, at the
    least (the total float of a network plan: Kelley and Walker 1959). ``median_saved_ms`` is how much sooner the median
    journey of the type would end if the step were 100 ms faster, null below `min_messages` journeys.

    >>> seen = "object_type", "system", "on_path", "beside"
    >>> ih.latency.steps(evidence).select(seen).head(2).rows()
    [('extract', 'BI', 300, 0), ('extract', 'Planning', 300, 0)]

    Columns: object_type, system, operation (text); journeys, on_path, beside (count); self_ms, drag_ms, slack_ms,
    gap_ms, retrying_ms, median_saved_ms (number, ms)
    """
    passed = _passed(evidence)
    beside = journey_times.beside_facts(evidence.journeys, passed)
    saved = _median_savings(evidence, min_messages=min_messages)
    return journey_times.steps(
        _step_facts(evidence), beside, _journey_facts(evidence), saved, min_messages=min_messages
    )


@question
def journey_steps(evidence: "Evidence", *, journey: str | None = None) -> pl.DataFrame:
    """One row per message of one journey, in the order in which they began: what it did, on the path or beside it.

    The `journey` is a trace_id or an object_id; without one, the journey of median duration of the object type that
    takes most time in all. ``place`` is "path", "beside" (then it has slack) or "overhang" (it ran on after its caller
    had ended: a row of its own). Times run from the start of the journey. Self time and its four parts are what the
    journey waited for. Raises WrongValue where no journey that ended is called so.

    >>> mine = ih.latency.journey_steps(evidence)
    >>> mine.select("system", "place", pl.col("start_ms").round(), pl.col("self_ms").round()).head(2).rows()
    [('Webshop', 'path', 0.0, 8.0), ('ERP', 'path', 8.0, 47.0)]

    Columns: object_type, journey (text); duration_ms (number, ms); message_id, system, operation, place (text);
    start_ms, end_ms, self_ms, sending_ms, waiting_ms, holding_ms, working_ms, gap_ms, retrying_ms, drag_ms, slack_ms
    (number, ms)
    """
    walked = evidence.journeys
    if journey is None:
        return chosen.journey_steps(walked, chosen.median_journey(walked.journeys))
    return chosen.journey_steps(walked, chosen.named_journey(walked.journeys, evidence.linked, journey))


@question
def waterfall(evidence: "Evidence") -> pl.DataFrame:
    """One row per object type, step of its mean journey and part, in the order of the flow, from 0 to the mean.

    ``part`` is "between steps" (the journey stood still before the step) or "step" (its self time, overhang
    included). Means are over all journeys of the type, also those without the step; ``seen`` had it.

    >>> ih.latency.waterfall(evidence).select("step", "system", "part", pl.col("to_ms").round()).head(3).rows()
    [(1, 'ERP', 'step', 112.0), (2, 'Webshop', 'between steps', 6055.0), (2, 'Webshop', 'step', 6147.0)]

    Columns: object_type (text); step (count); system, operation (text); journeys, seen (count); part (text); from_ms,
    to_ms (number, ms)
    """
    return journey_times.waterfall(_step_facts(evidence), _journey_facts(evidence))
