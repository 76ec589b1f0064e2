"""Root causes against faults that were planted, against quiet days, and against broken and changed input."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import integrhealth as ih
from integrhealth.analyses.error_propagation.root_cause.ranking import SCHEMA, root_causes
from integrhealth.errors import NothingToRead, UnknownName, WrongValue
from integrhealth.language.schema import conform

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
# Who calls whom: shop calls stock and pay, pay calls bank and ledger, stock calls store.
CALLS = [("shop", "stock"), ("shop", "pay"), ("pay", "bank"), ("pay", "ledger"), ("stock", "store")]
GRAPH = pl.DataFrame(CALLS, schema=["source", "target"], orient="row")
SYSTEMS = ("shop", "stock", "pay", "bank", "ledger", "store")
CALLERS = {"bank": ("pay", "shop"), "ledger": ("pay", "shop"), "store": ("stock", "shop"), "pay": ("shop",)}
HOURS, MINUTE = 8, timedelta(minutes=1)


def measured(cause: str | None, *, what: str = "latency", seed: int = 1) -> pl.DataFrame:
    """A minute of metrics for eight hours: Poisson requests, gamma times of own work plus those of who is called.

    Ten minutes from AT on, the CAUSE takes half again as long, or one call in five to it fails, and so do its callers.
    """
    random = np.random.default_rng(seed)
    count = HOURS * 60
    times = [AT + (place - count + 60) * MINUTE for place in range(count)]
    unhealthy = np.array([AT <= time < AT + 10 * MINUTE for time in times])
    requests = {system: random.poisson(200, count) for system in SYSTEMS}
    own = {system: random.gamma(50, 0.002, count) for system in SYSTEMS}
    failed = {system: random.binomial(requests[system], 0.002) / requests[system] for system in SYSTEMS}
    if cause and what == "latency":
        own[cause] = own[cause] + np.where(unhealthy, 0.05, 0)
    if cause and what == "availability":
        for system in (cause, *CALLERS[cause]):
            failed[system] = failed[system] + np.where(unhealthy, 0.2 * (1 if system == cause else 0.7), 0)
    below = {system: [target for source, target in CALLS if source == system] for system in SYSTEMS}

    def whole(system: str) -> np.ndarray:
        return own[system] + sum((whole(target) for target in below[system]), np.zeros(count))

    frames = [
        pl.DataFrame({"time": times, "system": system, "metric": metric, "statistic": statistic, "value": values})
        for system in SYSTEMS
        for metric, statistic, values in (
            ("latency", "Average", whole(system)),
            ("requests", "Sum", requests[system].astype(float)),
            ("availability", "Average", 100 * (1 - failed[system])),
        )
    ]
    return pl.concat(frames)


def sent(cause: str | None, *, what: str = "slow", seed: int = 1, linked: bool = True) -> pl.DataFrame:
    """A trace every ten seconds for five hours through all of CALLS; from AT on ten minutes the CAUSE is unhealthy.

    Own work is exponential (20 ms); unhealthy: five times as long, or every second call fails with its callers.
    """
    random = np.random.default_rng(seed)
    count = 5 * 360
    start = np.array([AT + timedelta(seconds=10 * (place - count + 360)) for place in range(count)])
    unhealthy = (start >= AT) & (start < AT + 10 * MINUTE)
    own = {system: random.exponential(0.02, count) for system in SYSTEMS}
    broken = {system: random.random(count) < 0.002 for system in SYSTEMS}
    if cause and what == "slow":
        own[cause] = np.where(unhealthy, own[cause] * 5, own[cause])
    if cause and what == "failing":
        broken[cause] |= unhealthy & (random.random(count) < 0.5)
    below = {system: [target for source, target in CALLS if source == system] for system in SYSTEMS}

    def whole(system: str) -> np.ndarray:
        return own[system] + sum((whole(target) for target in below[system]), np.zeros(count))

    def failing(system: str) -> np.ndarray:
        return broken[system] | np.any([failing(target) for target in below[system]] or [np.zeros(count, bool)], axis=0)

    parent = {target: source for source, target in CALLS}
    frames = [
        pl.DataFrame(
            {
                "message_id": [f"{place}-{system}" for place in range(count)],
                "trace_id": [f"t{place}" if linked else None for place in range(count)],
                "parent_id": [
                    f"{place}-{parent[system]}" if linked and system in parent else None for place in range(count)
                ],
                "source": parent.get(system, "user"),
                "target": system,
                "kind": "request",
                "operation": f"do {system}",
                "sent_at": list(start),
                "finished_at": [at + timedelta(seconds=float(s)) for at, s in zip(start, whole(system), strict=True)],
                "status": np.where(failing(system), "failed", "ok"),
            }
        )
        for system in SYSTEMS
    ]
    return conform(pl.concat(frames, how="vertical_relaxed"), "messages")


def logged(cause: str | None, *, seed: int = 1) -> pl.DataFrame:
    """Two lines a system and about twenty times a minute; from AT on the CAUSE writes a third one half as often."""
    random = np.random.default_rng(seed)
    rows = []
    for system in SYSTEMS:
        for minute in range(5 * 60):
            began = AT + (minute - 240) * MINUTE
            lines = [("taken", random.poisson(20)), ("done", random.poisson(20))]
            if system == cause and AT <= began < AT + 10 * MINUTE:
                lines.append(("connection to 10.0.0.7 refused", random.poisson(10)))
            for text, count in lines:
                rows += [
                    (began + timedelta(seconds=float(second)), system, text) for second in random.random(count) * 60
                ]
    return pl.DataFrame(rows, schema=["time", "system", "text"], orient="row").with_columns(level=pl.lit("INFO"))


@pytest.mark.parametrize("what", ["latency", "availability"])
@pytest.mark.parametrize("cause", ["bank", "store", "ledger", "pay"])
def test_the_system_that_was_made_unhealthy_is_found_in_metrics(cause, what):
    found = root_causes(ih.Evidence(metrics=measured(cause, what=what), dependencies=GRAPH), at=AT)
    assert found["system"][0] == cause
    assert found["rank"].to_list() == list(range(1, found.height + 1))
    assert found["share"].sum() == pytest.approx(1)
    assert f"{what}: " in found["evidence"][0][0]
    path = found["path"][0]
    assert (path[0], path[-1]) == ("shop", cause)
    assert all(edge in CALLS for edge in pairwise(path))


@pytest.mark.parametrize("what", ["slow", "failing"])
@pytest.mark.parametrize("cause", ["bank", "store", "pay"])
@pytest.mark.parametrize("linked", [True, False])
def test_the_system_that_was_made_unhealthy_is_found_in_messages(cause, what, linked):
    found = root_causes(ih.Evidence(messages=sent(cause, what=what, linked=linked)), at=AT, symptom="shop")
    assert found["system"][0] == cause
    assert found["path"][0][0] == "shop"
    assert any(word in found["evidence"][0][0] for word in ("longer than", "failed"))


@pytest.mark.parametrize("cause", ["bank", "shop"])
def test_the_system_that_was_made_unhealthy_is_found_in_logs(cause):
    found = root_causes(ih.Evidence(logs=logged(cause)), at=AT)
    assert found["system"][0] == cause
    assert "refused" in found["evidence"][0][0]


def test_nothing_is_named_where_nothing_happened():
    named = [
        root_causes(ih.Evidence(metrics=measured(None, seed=seed), dependencies=GRAPH), at=AT).height > 0
        for seed in range(12)
    ]
    assert sum(named) <= 1
    assert sum(root_causes(ih.Evidence(messages=sent(None, seed=seed)), at=AT).height > 0 for seed in range(5)) == 0
    assert root_causes(ih.Evidence(logs=logged(None)), at=AT).is_empty()


def test_a_system_that_drifted_long_before_is_no_cause():
    drifted = measured("bank").with_columns(
        value=pl.when(
            (pl.col("system") == "store") & (pl.col("metric") == "latency") & (pl.col("time") > AT - 29 * MINUTE)
        )
        .then(pl.col("value") * 2)
        .otherwise("value")
    )
    found = root_causes(
        ih.Evidence(metrics=drifted, dependencies=GRAPH), at=AT, baseline=(AT - 6 * 60 * MINUTE, AT - 30 * MINUTE)
    )
    assert found["system"][0] == "bank"
    assert "store" not in found["system"].to_list()


@pytest.mark.parametrize("lost", [0.1, 0.3, 0.5])
def test_lost_values_are_no_evidence(lost):
    metrics = measured("bank").sample(fraction=1 - lost, seed=3)
    assert root_causes(ih.Evidence(metrics=metrics, dependencies=GRAPH), at=AT)["system"][0] == "bank"


def test_shuffled_doubled_renamed_and_in_another_zone_it_is_the_same():
    metrics = measured("bank")
    plain = root_causes(ih.Evidence(metrics=metrics, dependencies=GRAPH), at=AT)
    shuffled = pl.concat([metrics, metrics]).sample(fraction=1, shuffle=True, seed=4)
    zone = timezone(timedelta(hours=5, minutes=30))
    there = shuffled.with_columns(pl.col("time").dt.convert_time_zone("Asia/Kolkata"))
    assert_frame_equal(root_causes(ih.Evidence(metrics=there, dependencies=GRAPH), at=AT.astimezone(zone)), plain)
    names = dict(zip(SYSTEMS, "zyxwvu", strict=True))
    renamed = root_causes(
        ih.Evidence(
            metrics=metrics.with_columns(pl.col("system").replace(names)),
            dependencies=GRAPH.with_columns(pl.all().replace(names)),
        ),
        at=AT,
    )
    assert renamed["system"].to_list() == [names[system] for system in plain["system"]]


def test_without_the_neighbours_of_the_cause_it_is_still_found():
    metrics = measured("bank").filter(pl.col("system") != "pay")
    assert root_causes(ih.Evidence(metrics=metrics, dependencies=GRAPH), at=AT)["system"][0] == "bank"
    assert root_causes(ih.Evidence(metrics=measured("bank")), at=AT)["system"][0] == "bank"


def test_what_cannot_be_answered_is_said():
    evidence = ih.Evidence(metrics=measured("bank"))
    with pytest.raises(WrongValue, match="time zone"):
        root_causes(evidence, at=AT.replace(tzinfo=None))
    with pytest.raises(WrongValue, match="time zone"):
        root_causes(evidence, at="2026-03-02")
    with pytest.raises(WrongValue, match="empty"):
        root_causes(evidence, at=AT, baseline=(AT, AT))
    with pytest.raises(UnknownName, match="bnak"):
        root_causes(evidence, at=AT, symptom="bnak")
    with pytest.raises(NothingToRead, match="metrics, messages or logs"):
        root_causes(ih.Evidence(), at=AT)


def test_far_from_all_data_and_from_a_single_row_nothing_is_named():
    evidence = ih.Evidence(metrics=measured("bank"))
    for found in (
        root_causes(evidence, at=AT + timedelta(days=400)),
        root_causes(ih.Evidence(metrics=measured("bank").head(1)), at=AT),
        root_causes(ih.Evidence(messages=sent("bank").head(1)), at=AT),
        root_causes(ih.Evidence(logs=logged(None).head(1)), at=AT),
    ):
        assert found.is_empty()
        assert dict(found.schema) == SCHEMA


def test_a_line_that_a_call_writes_once_per_item_counts_once_per_call():
    """Every call to the bank writes a line for each of one to twenty items and an end; unhealthy, it never ends."""
    random = np.random.default_rng(5)
    messages = sent(None)
    rows = []
    for message, trace, at in (
        messages.filter(pl.col("target") == "bank").select("message_id", "trace_id", "sent_at").rows()
    ):
        texts = ["item"] * int(random.integers(1, 20)) + (
            [] if AT <= at < AT + 10 * MINUTE else ["end"] * int(random.integers(1, 20))
        )
        rows += [(at + place * MINUTE / 1000, "bank", text, trace, message) for place, text in enumerate(texts)]
    logs = pl.DataFrame(rows, schema=["time", "system", "site", "trace_id", "parent_id"], orient="row")
    found = root_causes(ih.Evidence(messages=messages, logs=logs), at=AT)
    assert found["system"].to_list() == ["bank"]
    assert found["evidence"][0][0].startswith("the log line end: 0 in 24 calls to do bank, usually 1 in each")


def test_what_began_only_well_after_the_change_did_not_come_of_it():
    late = (pl.col("target") == "store") & (pl.col("sent_at") >= AT + 6 * MINUTE)
    slower = pl.col("finished_at") + pl.when(late).then(pl.duration(milliseconds=300)).otherwise(pl.duration())
    found = root_causes(ih.Evidence(messages=sent("bank").with_columns(finished_at=slower)), at=AT)
    assert found["system"][0] == "bank"
    assert "store" not in found["system"].to_list()
    assert (
        root_causes(ih.Evidence(messages=sent(None).with_columns(finished_at=slower)), at=AT + 6 * MINUTE)["system"][0]
        == "store"
    )


def page_views(stock: tuple[int, ...], other_ads: tuple[int, ...]) -> pl.DataFrame:
    """60 views of a page a minute for five hours: 54 ask the stock, 10 the ads, of which every other minute 1 or 2 ask
    the bank; in the four minutes from AT on as many ask the STOCK, and as many ads the bank, as OTHER_ADS says.
    """
    rows = []
    for minute in range(-240, 60):
        unhealthy = 0 <= minute < 4
        asked, banked = (stock[minute], other_ads[minute]) if unhealthy else (54, 1 + minute % 2)
        for place in range(60):
            at, page = AT + minute * MINUTE + place * MINUTE / 60, f"{minute}-{place}"
            rows.append((page, None, page, "user", "page", at))
            if place < asked:
                rows.append((f"{page}-stock", page, page, "page", "stock", at))
            if place % 6 == 0:
                rows.append((f"{page}-ads", page, page, "page", "ads", at))
                if place // 6 < banked:
                    rows.append((f"{page}-bank", f"{page}-ads", page, "ads", "bank", at))
    columns = ["message_id", "parent_id", "trace_id", "source", "target", "sent_at"]
    views = pl.DataFrame(rows, schema=columns, orient="row", infer_schema_length=None).with_columns(
        pl.lit("request").alias("kind"), pl.col("sent_at").alias("finished_at"), pl.lit("ok").alias("status")
    )
    return conform(views, "messages")


def test_a_callee_explains_no_more_of_its_caller_than_it_has_itself():
    """30 calls less to the stock a minute, in four minutes 120; 27 ads that went another way explain 27 of them."""
    found = root_causes(ih.Evidence(messages=page_views((24,) * 4, (8, 8, 8, 9))), at=AT)
    assert found["system"].to_list() == ["page", "ads"]
    # z of 120 calls with a coin of 0.9, 27 with one of 0.15 (plus the half of a count), by three sigmas.
    page, ads = 120 / np.sqrt(240 * 0.09 + 0.5), 27 / np.sqrt(40 * 0.1275 + 0.5)
    left = np.log(page / 3 * 93 / 120)
    passed_on = np.log(page / 3) - left
    np.testing.assert_allclose(found["score"].to_list(), [left, np.log(ads / 3) + passed_on], rtol=0.05)
