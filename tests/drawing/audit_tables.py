"""Tables as the reports publish them, of a company of which every question of the audit is answered with yes."""

from datetime import UTC, date, datetime

import polars as pl

NOW = datetime(2026, 3, 31, tzinfo=UTC)
EXCEPTIONS = ("return", "partial shipment", "cancellation", "credit note", "dispute")


def frame(**columns: list) -> pl.DataFrame:
    """Columns as a frame, nulls allowed anywhere."""
    return pl.DataFrame(columns, strict=False, infer_schema_length=None)


def all_yes() -> dict[str, pl.DataFrame]:
    """By "report.table": two integrations, a and b, between three systems."""
    names = ["a", "b"]
    return {
        "catalog.integrations": frame(
            integration=names, beneficiary=["desk", "shop"], fallback=["queue", "manual"], value_per_object=[10.0, None]
        ),
        "audit.five_questions": frame(integration=names, problem_verdict=["states a problem"] * 2),
        "messages.delivered": frame(
            integration=names,
            first_at=[datetime(2026, 1, 1, tzinfo=UTC)] * 2,
            last_at=[NOW, datetime(2026, 3, 1, tzinfo=UTC)],
        ),
        "accountability.owners": frame(
            integration=names,
            verdict=["owned", "owned"],
            backup=["ann", "bob"],
            stale=[False, False],
            named_by=["catalog", "catalog"],
        ),
        "accountability.elements": frame(
            element=["price"],
            origin=["ERP"],
            record=["ERP"],
            owner=["ann"],
            owner_kind=["person"],
            verdict=["home"],
            high=[0.99],
        ),
        "dependency_fragility.outages": frame(integration=names, verdict=["survive", "work around"]),
        "dependency_fragility.fallbacks": frame(integration=names, age_days=[10, 365]),
        "dependency_fragility.coupling": frame(
            source=["X", "Y"],
            target=["Z", "Z"],
            outages=[3, 3],
            served=[50, 0],
            deferred=[20, 25],
            failed=[5, 0],
            lost=[0, 0],
        ),
        "dependency_fragility.levels": frame(
            level=["foundation", "operations", "intelligence"],
            verdict=["stable", "stable", "absent"],
            integrations=[1, 1, 0],
        ),
        "latency.capacity": frame(
            system=["X", "Y"],
            tested_multiple=[10.0, 12.0],
            tested_error_share=[0.005, None],
            at_10x=["holds", "holds"],
        ),
        "reconciliation.trail_whole": frame(verdict=["full"], joint=[0.995], messages=[20_000], missing=[None]),
        "reconciliation.exceptions": frame(type=list(EXCEPTIONS), cases=[20] * 5, verdict=["ready"] * 5),
        "error_propagation.friction": frame(integration=names, verdict=["hold", "instant"]),
        "error_propagation.checkpoints": frame(integration=["a"], bad_held=[5], bad_approved=[4]),
        "report_overload.people": frame(needed_minutes=[10.0, 5.0], spent_minutes=[9.0, 7.0], days=[10, 10]),
        "report_overload.reports": frame(
            report=["r", "law"], decisions=[["what to buy"], []], statutory=[False, True], deliveries=[20, 10]
        ),
        "audit.outcomes": frame(integration=names, metric=["days", "calls"], verdict=["met", "cannot tell"]),
        "collaboration.pairs": frame(
            team_a=list("abcd"), team_b=list("efgh"), needed=[True] * 4, congruent=[True, True, True, False]
        ),
        "collaboration.rituals": frame(ritual=["weekly"], planned=[12], held=[9]),
        "collaboration.joint_kpi": frame(department=["sales", "production"], points=[1.5, 0.0]),
    }


def claims(*rows: tuple) -> pl.DataFrame:
    """The audit of a catalog: question, answer, by, on."""
    kinds = {"question": pl.Int64, "answer": pl.String, "by": pl.String, "on": pl.Date}
    return pl.DataFrame([list(row) for row in rows], schema=kinds, orient="row")


DAY = date(2026, 1, 15)
