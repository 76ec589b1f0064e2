"""What each department does to a number that they share: one call on evidence per published table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.collaboration.joint_kpi import shares
from integrhealth.analyses.collaboration.joint_kpi.orders import blamed, order_stages
from integrhealth.analyses.collaboration.joint_kpi.small_departments import names_shown
from integrhealth.analyses.collaboration.joint_kpi.split import Split, promising_department, split
from integrhealth.analyses.collaboration.questions import shown_teams_of
from integrhealth.language.questions import question
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def stages_of(evidence: "Evidence") -> pl.DataFrame:
    """One row per order, stage and department, as ``orders.order_stages``; small departments under one name."""
    rows = order_stages(evidence.stages, timezone=evidence.catalog.timezone)
    return rows.with_columns(pl.col("department").replace(_names_shown(evidence)))


@question
def _names_shown(evidence: "Evidence") -> dict[str, str]:
    """The names of departments that cannot be spoken of by their own, as ``small_departments.names_shown``."""
    there = _departments_logged(evidence)
    return names_shown([*there, promising_department(there)], evidence.catalog.teams, shown_teams_of(evidence))


def _departments_logged(evidence: "Evidence") -> list[str]:
    return evidence.stages["department"].str.strip_chars().drop_nulls().unique().to_list()


def _split(evidence: "Evidence", *, perfect: bool) -> Split:
    rows = stages_of(evidence)
    sales = promising_department(_departments_logged(evidence))
    # Where nothing follows a delivery the perfect order is the order in time, and no second number.
    used = rows if not perfect or rows["after"].any() else rows.clear()
    return split(used, perfect=perfect, promises=_names_shown(evidence).get(sales, sales))


def _departments(evidence: "Evidence", *, perfect: bool, min_orders: int) -> pl.DataFrame:
    parts = evidence.once(_split, perfect=perfect)
    late = parts.orders.filter("late")
    return shares.departments(parts, blamed(stages_of(evidence), late), min_orders=min_orders)


@question
def joint_kpi(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per department: what it takes from on-time delivery, the costliest first; together exactly what is lost.

    Each order is a game: late or not if the stages of some departments are as they happened and the others as planned,
    run in the order of the plan, so that slack absorbs. A department's part is its Shapley value (1953), what it adds
    on average over all orders in which departments may come. ``orders`` add up to the late ones, but for those that
    were planned too late; ``points`` are percentage points of the rate, with a 95% interval over bootstrapped orders
    (none where it is zero in every order). Sales answers for what was promised earlier than feasible. A department that
    is a team of the catalog with fewer than five people, or of unknown size, is taken together with others. ``days``
    splits the days of delay likewise. ``blamed_first`` and ``blamed_last`` are what a glance at the first stage that
    slipped, or at the last one, would say. Fewer than `min_messages` orders have counts, and no points. What a
    department adds is arithmetic of plans and ends, and says nothing of why.

    >>> start = pl.datetime(2026, 3, 2, 8, time_zone="UTC")
    >>> stages = pl.select(
    ...     order=pl.lit("1"),
    ...     stage=pl.Series(["make", "ship"]),
    ...     department=pl.Series(["production", "logistics"]),
    ...     planned_at=start + pl.Series([4, 6]) * pl.duration(days=1),
    ...     finished_at=start + pl.Series([5, 8]) * pl.duration(days=1),
    ...     promised_at=start + pl.duration(days=7),
    ... )
    >>> ih.collaboration.joint_kpi(ih.Evidence(stages=stages)).select("department", "orders", "days").rows()
    [('logistics', 0.5, 0.5), ('production', 0.5, 0.5), ('sales', 0.0, 0.0)]

    Columns: department (text); points, low, high (number, percentage points); orders (number); share (number, share);
    days (number, days); blamed_first, blamed_last (number); n (count); verdict (text)
    """
    return _departments(evidence, perfect=False, min_orders=min_messages)


@question
def perfect_order(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per department: what it takes from the perfect order, delivered in time and invoiced as fast as planned.

    As ``joint_kpi``, with the stages of finance that follow the delivery: an order is not perfect either where one of
    these took longer than planned from the delivery on. Without such stages there is no row.

    >>> ih.collaboration.perfect_order(ih.Evidence()).height
    0

    Columns: department (text); points, low, high (number, percentage points); orders (number); share (number, share);
    n (count); verdict (text)
    """
    return _departments(evidence, perfect=True, min_orders=min_messages).drop("days", "blamed_first", "blamed_last")


@question
def joint_kpi_pairs(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per two departments that were off plan in the same order: what they take from on-time delivery together.

    ``orders`` is their Shapley interaction index (Grabisch and Roubens 1999) over all orders: above zero where orders
    are late only because both slipped, below zero where either alone would have done, zero where each does its own.
    ``only_both``: late orders that would have been in time with either of the two as planned; ``together``: orders in
    which both were off plan. It says how the parts of ``joint_kpi`` came about and is not added to them.

    >>> ih.collaboration.joint_kpi_pairs(ih.Evidence()).height
    0

    Columns: department_a, department_b (text); points, low, high (number, percentage points); orders (number);
    only_both, together, n (count); verdict (text)
    """
    return shares.pairs(evidence.once(_split, perfect=False), min_orders=min_messages)


@question
def joint_kpi_rates(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per shared number, on-time delivery and perfect order: how many orders were good, and how many left out.

    ``rate`` has its 95% interval (Wilson 1927). ``late`` counts what was not good, ``plan_late`` what could not have
    been by its plan, and ``days`` the delay in all. An unfinished order is late once the promise has passed when the
    log ends, and ``open`` and left out before. Left out are as well orders without a promise, a planned end, a stage
    that nine of ten orders have, the end of a stage before one that has ended, and with over eight departments off
    plan or 200 stages. ``no_feasible``: nobody wrote what could have been promised, and sales cannot answer for it.

    >>> ih.collaboration.joint_kpi_rates(ih.Evidence()).height
    0

    Columns: kpi (text); rate, low, high (number, share); late, plan_late (count); days (number, days); n, open,
    no_promise, no_plan, stage_missing, end_missing, too_many, no_feasible (count); verdict (text)
    """
    kinds = ((shares.DELIVERY, False), (shares.PERFECT, True))
    return pl.concat(
        shares.rates(kpi, evidence.once(_split, perfect=perfect), stages_of(evidence), min_orders=min_messages)
        for kpi, perfect in kinds
    )
