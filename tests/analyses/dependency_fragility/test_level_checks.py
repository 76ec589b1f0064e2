"""Each check of an integration, just beyond its edge and just before it."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

import integrhealth as ih
from integrhealth.analyses.dependency_fragility.levels import checks, ladder, standing
from integrhealth.catalog import CATALOG

END = datetime(2026, 3, 1, tzinfo=UTC)
SINCE = END - timedelta(days=28)
PERIOD = standing.Period(SINCE, END, 60)
NOTHING = ih.Evidence()
PROMISES = ih.latency.slo(NOTHING).schema
STORMS, SHIFTS = ih.error_propagation.retry_storms(NOTHING).schema, ih.latency.shifts(NOTHING).schema


def placed(**said: object) -> pl.DataFrame:
    row = {"integration": "feed", "level": "foundation", "owner": "team"} | said
    return standing.placed(pl.DataFrame([row], schema=CATALOG["integrations"]))


def promise(promised: str = "success", *, n: int, bad: int, integration: str = "feed") -> dict:
    return {
        "integration": integration,
        "promise": promised,
        "objective": 0.95 if promised == "p95" else 0.99,
        "limit_ms": 2000.0 if promised == "p95" else None,
        "messages": n,
        "period_messages": n,
        "period_bad": bad,
    }


def checked(
    *promised: dict,
    storms: list[dict] = (),
    shifts: list[dict] = (),
    messages: int = 500,
    judged: standing.Period = PERIOD,
    declared: pl.DataFrame | None = None,
    **reconciled: pl.DataFrame,
) -> dict[str, tuple[str, str]]:
    """Result and reason of every check of one integration."""
    promises = pl.DataFrame(list(promised), schema=PROMISES)
    of = pl.DataFrame(list(shifts), schema=SHIFTS)
    table = checks.checks(
        placed() if declared is None else declared,
        promises,
        pl.DataFrame(list(storms), schema=STORMS),
        standing.last_shifts(of, promises, judged),
        pl.DataFrame({"integration": ["feed"], "messages": [messages]}),
        judged,
        **reconciled,
    )
    return {check: (result, why) for check, result, why in table.select("check", "result", "why").rows()}


@pytest.mark.parametrize(
    ("n", "bad", "result"),
    [
        (1000, 10, "passed"),  # exactly what may
        (1000, 11, "cannot tell"),  # more, as chance would have it in four of ten such months
        (1000, 17, "cannot tell"),  # 2.7%
        (1000, 18, "failed"),  # 1.4%, below the 2.5% that an interval leaves out on one side
        (28, 0, "passed"),  # a daily feed that came every day
        (27, 0, "cannot tell"),
        (28, 1, "cannot tell"),  # 25%
        (28, 2, "cannot tell"),  # 3%
        (28, 3, "failed"),  # 0.3%
        (27, 27, "failed"),
        (7, 1, "cannot tell"),
        (2, 2, "failed"),  # 0.01%
        (1, 1, "cannot tell"),  # 1%, and one alone
        (0, 0, "cannot tell"),
    ],
)
def test_success_is_kept_missed_or_not_to_be_told(n, bad, result):
    assert checked(promise(n=n, bad=bad))["success"][0] == result


def test_what_is_promised_says_how_much_of_what():
    said = checked(promise(n=1000, bad=40), promise("p95", n=1000, bad=200))
    assert said["success"] == ("failed", "40 of 1,000 messages failed or came in part, 1% may")
    assert said["p95"] == ("failed", "200 of 1,000 messages took longer than 2 s, 5% may")
    assert checked(promise(n=1000, bad=11))["success"][1].endswith("1% may, which may be chance")
    assert checked(promise(n=7, bad=1))["success"][1] == "7 messages are too few to say"
    assert checked(promise(n=7, bad=3))["success"][1] == "3 of 7 messages failed or came in part, 1% may"
    assert "p95" not in checked(promise(n=1000, bad=0))


def test_one_bad_month_among_many_integrations_is_chance():
    alone, others = promise(n=1000, bad=18), [promise(n=1000, bad=10, integration=f"other {n}") for n in range(40)]
    assert checked(alone)["success"][0] == "failed"
    assert checked(alone, *others)["success"][0] == "cannot tell"


def storm(sustained: bool | None, ended: datetime | None) -> dict:
    started = (ended or END) - timedelta(hours=1)
    told = {"integration": "feed", "trigger": "outage", "started_at": started, "ended_at": ended}
    return told | {"minutes": 60.0, "sustained": sustained}


@pytest.mark.parametrize(
    ("storms", "result"),
    [
        ([], "passed"),
        ([storm(True, END)], "failed"),
        ([storm(True, SINCE)], "failed"),
        ([storm(True, SINCE - timedelta(minutes=1))], "passed"),
        ([storm(False, END)], "passed"),
        ([storm(None, None)], "cannot tell"),
        ([storm(False, END), storm(True, END - timedelta(days=3))], "failed"),
        ([storm(None, None), storm(False, END)], "cannot tell"),
    ],
)
def test_a_storm_of_these_days_that_outlived_its_trigger_fails(storms, result):
    assert checked(promise(n=500, bad=0), storms=storms)["storm"][0] == result


def test_without_a_message_nobody_can_tell():
    said = checked(promise(n=0, bad=0), messages=0)
    assert {check: result for check, (result, _) in said.items()} == {
        "success": "cannot tell",
        "storm": "cannot tell",
        "shift": "cannot tell",
        "owner": "passed",
    }
    assert {why for _, why in said.values()} == {"no message in the last 28 days", "team owns it"}


def shift(
    at: datetime,
    before: float,
    after: float,
    *,
    metric: str = "p95_ms",
    p_value: float = 0.0001,
    until: datetime | None = None,
) -> dict:
    told = {"integration": "feed", "metric": metric, "at": at, "before": before, "after": after, "p_value": p_value}
    kind = "shift" if until is None else "drift"
    return told | {"change": after / before - 1, "kind": kind, "until": until, "n_before": 500, "n_after": 500}


LATELY = END - timedelta(days=7)
BEFORE = SINCE - timedelta(days=1)


@pytest.mark.parametrize(
    ("shifts", "result"),
    [
        ([], "passed"),
        ([shift(LATELY, 100, 151)], "failed"),
        ([shift(LATELY, 100, 149)], "passed"),  # less than half again
        ([shift(LATELY, 151, 100)], "passed"),  # for the better
        ([shift(BEFORE, 100, 300)], "passed"),  # it is not of these days
        ([shift(BEFORE, 100, 300, until=LATELY)], "failed"),  # a drift that went on into them
        ([shift(LATELY, 100, 300), shift(LATELY + timedelta(days=4), 300, 100)], "passed"),  # it is over
        ([shift(LATELY, 300, 100), shift(LATELY + timedelta(days=4), 100, 300)], "failed"),
        ([shift(LATELY, 100, 300), shift(LATELY, 300, 100, metric="p50_ms")], "failed"),
        ([shift(LATELY, 100, 300, p_value=0.009)], "failed"),
        ([shift(LATELY, 100, 300, p_value=0.02)], "cannot tell"),  # of two percentiles: 4%
        ([shift(LATELY, 0.002, 0.0099, metric="error_share")], "passed"),  # 1% may
        ([shift(LATELY, 0.002, 0.0101, metric="error_share")], "failed"),
    ],
)
def test_the_last_shift_must_not_be_one_for_the_worse(shifts, result):
    assert checked(promise(n=500, bad=0), shifts=shifts)["shift"][0] == result


def test_a_shift_says_what_was_and_what_is():
    said = checked(promise(n=500, bad=0), shifts=[shift(LATELY, 200, 620)])["shift"]
    assert said == ("failed", "5 of 100 messages took over 200 ms before 2026-02-22, 620 ms since")
    errors = [shift(LATELY, 0.002, 0.04, metric="error_share")]
    assert checked(promise(n=500, bad=0), shifts=errors)["shift"][1] == "failed: 0.2% before 2026-02-22, 4% since"


@pytest.mark.parametrize(("earlier", "result"), [(0, "passed"), (-19, "cannot tell"), (-18, "passed")])
def test_a_shift_takes_ten_days_to_be_told(earlier, result):
    short = standing.Period(SINCE, END, earlier)
    assert checked(promise(n=500, bad=0), judged=short)["shift"][0] == result


def test_few_messages_show_no_shift():
    assert checked(promise(n=29, bad=0), messages=29)["shift"] == ("cannot tell", "29 messages are too few to say")
    assert checked(promise(n=30, bad=0), messages=30)["shift"][0] == "passed"


def test_nobody_named_is_nobody():
    assert checked(declared=placed(owner=None))["owner"] == ("failed", "nobody owns it")
    assert checked()["owner"] == ("passed", "team owns it")


@pytest.mark.parametrize(("open_breaks", "result"), [(0, "passed"), (1, "failed"), (None, "cannot tell")])
def test_open_breaks_count_where_books_were_reconciled(open_breaks, result):
    breaks = pl.DataFrame({"integration": ["feed"], "open": [open_breaks]}, schema_overrides={"open": pl.Int64})
    assert checked(breaks=breaks)["breaks"][0] == result
    assert checked(breaks=breaks.clear())["breaks"] == ("cannot tell", "it was not reconciled")
    assert "breaks" not in checked()


@pytest.mark.parametrize(
    ("difference", "tolerance", "result"),
    [
        (0.0, 0.0, "passed"),
        (5.0, 5.0, "passed"),
        (-5.01, 5.0, "failed"),
        (0.01, None, "failed"),
        (None, 5.0, "cannot tell"),
    ],
)
def test_the_books_of_the_foundation_tie_out(difference, tolerance, result):
    numbers = {"difference": [difference], "tolerance": [tolerance]}
    books = pl.DataFrame({"integration": ["feed"]} | numbers, schema_overrides=dict.fromkeys(numbers, pl.Float64))
    assert checked(books=books)["books"][0] == result
    assert "books" not in checked(books=books, declared=placed(level="operations"))


def test_what_cannot_be_told_makes_nobody_unstable_and_is_counted():
    rows = pl.DataFrame(
        {
            "level": "foundation",
            "integration": ["feed"] * 3,
            "check": ["success", "storm", "owner"],
            "result": ["cannot tell", "passed", "passed"],
            "why": ["7 messages are too few to say", "no retry storm", "team owns it"],
        }
    ).with_columns(value=pl.lit(None, pl.Float64), limit=pl.lit(None, pl.Float64), n=pl.lit(None, pl.Int64))
    none = pl.DataFrame(schema={"integration": pl.String, "level": pl.String, "why": pl.String})
    seen = ladder.levels(rows, none).row(0, named=True)
    assert (seen["verdict"], seen["stable"], seen["uncertain"]) == ("stable", 1, 1)
    idle = rows.filter(pl.col("check") != "storm")
    assert ladder.levels(idle, none)["verdict"][0] == "not enough data"


def test_certain_steps_in_either_direction_are_changes_and_drifts_are_none():
    promises = pl.DataFrame([promise(n=500, bad=0)], schema=PROMISES)

    def changed(*shifts: dict) -> list[tuple[str, str]]:
        judged = standing.last_shifts(pl.DataFrame(list(shifts), schema=SHIFTS), promises, PERIOD)
        first = pl.DataFrame(schema={"integration": pl.String, "first_day": pl.Date, "sending_days": pl.Int64})
        return standing.changes(placed(), first, judged, PERIOD).select("integration", "what").rows()

    assert changed(shift(LATELY, 100, 151)) == [("feed", "changed")]
    assert changed(shift(LATELY, 151, 100)) == [("feed", "changed")]
    assert changed(shift(LATELY, 149, 100)) == []
    assert changed(shift(BEFORE, 100, 300, until=LATELY)) == []
    assert changed(shift(LATELY, 100, 300, p_value=0.02)) == []
    assert changed() == []
