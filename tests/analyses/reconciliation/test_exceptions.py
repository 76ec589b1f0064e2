"""Exceptions: whether returns, partial shipments, cancellations, credit notes and disputes run as the rest does."""

import numpy as np
import polars as pl
import pytest
from drawing.exceptions import START, happy, logs, messages, row, said
from drawing.landscapes import healthy
from polars.testing import assert_frame_equal

import integrhealth as ih
from integrhealth.analyses.reconciliation.exceptions import courses as course_room
from integrhealth.analyses.reconciliation.exceptions import in_documents
from integrhealth.analyses.reconciliation.exceptions.notes import exception_notes
from integrhealth.analyses.reconciliation.exceptions.questions import exception_failures, exceptions, variants
from integrhealth.analyses.reconciliation.exceptions.vocabulary import EXCEPTIONS, HAPPY_PATHS, TYPES
from integrhealth.catalog import CATALOG, Catalog

# Planted truth


def planted():
    """4,000 orders and 1,000 invoices without a fault, and 40 credit notes that always fail: 99% succeed."""
    credits = [("invoice", f"C{n}", "POST /credit-notes", "failed", n) for n in range(40)]
    integrations = pl.DataFrame(
        [{"integration": "erp-books", "source": "shop", "target": "books", "owner": "Ana", "value_per_object": 50.0}],
        schema=CATALOG["integrations"],
    )
    rows = [*happy("order", 4000), *happy("invoice", 1000), *credits]
    return logs(rows, catalog=Catalog(integrations=integrations))


def test_credit_notes_that_always_fail_show_although_99_of_100_messages_succeed():
    evidence = planted()
    assert (evidence.messages["status"] == "ok").mean() > 0.99
    credit = row(evidence, "credit note")
    assert (credit["cases"], credit["failure_share"], credit["straight_through"]) == (40, 1.0, 0.0)
    assert (credit["gap"], credit["verdict"], credit["certain"]) == (1.0, "not ready", True)
    assert (credit["happy_path"], credit["happy_cases"], credit["happy_failure_share"]) == ("invoice", 1000, 0.0)
    finding = said(evidence).row(0, named=True)
    assert (finding["rule"], finding["severity"], finding["owner"]) == ("exception_not_ready", "critical", "Ana")
    assert (finding["cost"], finding["n"], finding["value"]) == (2000.0, 40, 1.0)
    assert finding["statement"].startswith("100% of 40 credit notes fail for good, on the happy path 0% of 1,000;")


def test_one_invoice_for_three_orders_counts_once():
    flattened = [
        ("invoice", f"I{n}", "POST /credit-notes", "ok", n, {"trace_id": f"order-{3 * n + order}"})
        for n in range(20)
        for order in range(3)
    ]
    credit = row(logs([*happy("invoice", 30), *flattened]), "credit note")
    assert (credit["cases"], credit["judged"], credit["happy_cases"]) == (20, 20, 30)


def test_a_failure_made_good_is_no_failure_and_not_straight_through():
    cases = []
    for n in range(20):
        cases += [("return", f"R{n}", "post return", "failed", n), ("return", f"R{n}", "post return", "ok", n + 5)]
        cases += [("return", f"S{n}", "post return", "ok", n)]
        cases += [("return", f"T{n}", "post return", "ok", n, {"attempt": 2})]
    returns = row(logs([*happy("delivery", 50), *cases]), "return")
    assert (returns["cases"], returns["failed"], returns["verdict"]) == (60, 0, "ready")
    assert returns["straight_through"] == pytest.approx(20 / 60)
    # Six minutes for those of the first kind, one for the others.
    assert returns["cycle_hours"] == pytest.approx(1 / 60)


def test_a_success_that_a_later_attempt_undoes_is_a_failure():
    cases = [
        ("return", f"R{n}", "post", status, n + at) for n in range(20) for at, status in ((0, "ok"), (5, "timeout"))
    ]
    assert row(logs([*happy("delivery", 50), *cases]), "return")["failure_share"] == 1


def test_attempts_of_one_moment_go_by_their_numbers():
    cases = [
        ("return", f"R{n}", "post", status, n, {"attempt": attempt, "message_id": f"{n}-{attempt % 2}"})
        for n in range(20)
        for attempt, status in ((1, "failed"), (2, "ok"))
    ]
    assert row(logs([*happy("delivery", 50), *cases]), "return")["failed"] == 0


def test_a_person_who_enters_a_case_does_not_touch_it_who_comes_later_does():
    person, machine = {"actor_type": "person"}, {"actor_type": "system"}
    cases = []
    for n in range(30):
        cases += [("return", f"R{n}", "request return", "ok", n, person)]
        cases += [("return", f"R{n}", "book", "ok", n + 1, person if n < 6 else machine)]
    returns = row(logs([*happy("delivery", 50), *cases]), "return")
    assert (returns["manual_touches"], returns["straight_through"]) == (6, 0.8)
    silent = [each[:5] for each in cases]
    returns = row(logs([*happy("delivery", 50), *silent]), "return")
    assert (returns["manual_touches"], returns["straight_through"]) == (None, 1.0)


def test_the_course_of_an_exception_begins_where_it_is_named_and_ends_where_another_is():
    invoices = []
    for n in range(20):
        invoices += [("invoice", f"I{n}", "POST /invoices", "failed", n)]
        invoices += [("invoice", f"I{n}", "credit-note.posted", "ok", n + 10)]
        invoices += [("invoice", f"I{n}", "book", "ok", n + 20)]
        invoices += [("invoice", f"I{n}", "dispute.opened", "failed", n + 30)]
    evidence = logs([*happy("invoice", 30), *invoices])
    assert [row(evidence, name)["failed"] for name in ("credit note", "dispute")] == [0, 20]
    assert row(evidence, "credit note")["cycle_hours"] == pytest.approx(11 / 60)
    # What became an exception is no happy path.
    assert row(evidence, "dispute")["happy_cases"] == 30


# Null and edge


@pytest.mark.parametrize("seed", range(8))
def test_exceptions_that_fail_as_often_as_the_rest_are_no_finding(seed):
    rng = np.random.default_rng(seed)
    rows = []
    for kind, count in (("order", 600), ("invoice", 600), ("delivery", 600), ("return", 80), ("dispute", 80)):
        rows += [(kind, f"{kind}{n}", "post", "failed" if rng.random() < 0.03 else "ok", n) for n in range(count)]
    evidence = logs(rows)
    assert set(said(evidence)["severity"]) == {"note"}
    assert {row(evidence, name)["verdict"] for name in ("return", "dispute")} == {"ready"}


def test_below_20_cases_or_20_on_the_happy_path_there_is_no_verdict():
    def verdict(cases, comparable):
        returned = row(logs([*happy("delivery", comparable), *happy("return", cases)]), "return")
        return returned["cases"], returned["verdict"], returned["failure_share"], returned["gap"]

    assert verdict(19, 20) == (19, "too few", None, None)
    assert verdict(20, 19) == (20, "too few", 0.0, None)
    assert verdict(20, 20) == (20, "ready", 0.0, 0.0)


def test_the_gap_decides_and_its_interval_says_how_sure_that_is():
    def returned(cases, failing):
        evidence = logs([*happy("delivery", 1000), *happy("return", cases, failing=failing)])
        found = said(evidence).filter(rule="exception_not_ready")["severity"].to_list()
        one = row(evidence, "return")
        return one["verdict"], one["certain"], found

    assert returned(20, 1) == ("ready", False, [])
    assert returned(20, 2) == ("not ready", False, ["note"])
    assert returned(200, 5) == ("ready", True, [])
    assert returned(200, 40) == ("not ready", True, ["warning"])
    assert returned(200, 150) == ("not ready", True, ["critical"])


def test_what_was_never_seen_is_said_once_and_is_a_note():
    evidence = logs([*happy("order", 30), *happy("return", 30)])
    table = exceptions(evidence)
    assert table["type"].to_list() == list(TYPES)
    assert table.filter(verdict="never exercised")["type"].to_list() == [name for name in TYPES if name != "return"]
    (finding,) = said(evidence).rows(named=True)
    assert (finding["rule"], finding["severity"]) == ("never_exercised", "note")
    assert finding["statement"] == (
        "Never seen in these logs: partial shipments, cancellations, credit notes, disputes."
    )
    # With little to see it is no statement to make.
    assert said(logs(happy("order", 19))).is_empty()


def test_without_orders_deliveries_or_invoices_nobody_can_tell():
    evidence = logs([*happy("token", 50, step="claims.issued"), *happy("session", 30, step="POST /returnUrl")])
    tables = {"exceptions": exceptions(evidence), "exception_failures": exception_failures(evidence)}
    tables["variants"] = variants(evidence)
    assert tables["exceptions"].is_empty()
    assert set(exception_notes(tables)) == {"exceptions", "exception_failures"}
    assert said(evidence).is_empty()


@pytest.mark.parametrize("seed", range(8))
def test_healthy_companies_raise_nothing(seed):
    assert said(healthy(seed)).filter(pl.col("severity") != "note").is_empty()


# Words


@pytest.mark.parametrize(
    ("object_type", "operation", "name"),
    [
        ("return", "post", "return"),
        ("RMA", "post", "return"),
        ("customerReturns", None, "return"),
        ("Retoure", "post", "return"),
        ("Rücksendung", "post", "return"),
        ("devoluciones", "post", "return"),
        ("order", "order.cancelled", "cancellation"),
        ("Auftrag", "Auftragsstorno", "cancellation"),
        ("pedido", "pedido.anulado", "cancellation"),
        ("order", "DELETE /orders/7/cancellation", "cancellation"),
        ("invoice", "POST /creditmemos", "credit note"),
        ("credit_note", "post", "credit note"),
        ("Rechnung", "Kundengutschrift buchen", "credit note"),
        ("factura", "nota de crédito", "credit note"),
        ("claim", "post", "dispute"),
        ("invoice", "chargeback.created", "dispute"),
        ("Reklamation", "post", "dispute"),
        ("delivery", "PartialShipment", "partial shipment"),
        ("order", "split-delivery", "partial shipment"),
        ("Lieferung", "Teillieferung melden", "partial shipment"),
        # A return that is called off stays one return, a credit note for a return is a credit note.
        ("return", "return cancelled", "return"),
        ("return", "POST /credit-notes", "credit note"),
        # None of the five.
        ("order", "GET /orders/7/cancellation-fee", None),
        ("order", "list returns", None),
        ("order", "POST /orders", None),
        ("order", None, None),
        ("payment", "POST /refunds", None),
        ("production order", "cancelled", None),
        ("token", "claims", None),
        ("purchase", "credit limit", None),
    ],
)
def test_what_names_an_exception(object_type, operation, name):
    evidence = logs([("order", "0", "post", "ok", 0), (object_type, "1", operation, "ok", 0)])
    assert exceptions(evidence).filter(pl.col("cases") > 0)["type"].to_list() == ([] if name is None else [name])


def test_where_the_first_choice_of_a_happy_path_is_too_short_another_is_taken():
    returned = row(logs([*happy("delivery", 19), *happy("order", 30), *happy("return", 30)]), "return")
    assert (returned["happy_path"], returned["happy_cases"]) == ("order", 30)
    returned = row(logs([*happy("delivery", 9), *happy("invoice", 12), *happy("return", 30)]), "return")
    assert (returned["happy_path"], returned["verdict"]) == ("invoice", "too few")


def test_a_message_that_was_withdrawn_is_no_cancelled_order():
    assert row(logs([*happy("order", 30), ("order", "x", "post", "cancelled", 0)]), "cancellation")["cases"] == 0


def test_every_type_has_words_and_a_happy_path():
    assert set(EXCEPTIONS) == set(HAPPY_PATHS) == set(TYPES)


# Laws


def drawn_messages(seed, objects=60):
    rng = np.random.default_rng(seed)
    kinds, operations = ("order", "invoice", "return"), ("post", "cancel", "credit-note", "book", "GET /return")
    statuses = ("ok", "failed", "pending", "timeout")
    rows = []
    for _ in range(objects * 4):
        kind = kinds[rng.integers(3)]
        extra = {"attempt": int(rng.integers(1, 3)), "actor_type": ("person", "system")[rng.integers(2)]}
        status = statuses[rng.integers(4)]
        operation = operations[rng.integers(5)]
        rows.append((kind, str(rng.integers(objects // 3)), operation, status, int(rng.integers(10_000)), extra))
    return messages(rows)


def by_loops(frame):
    """Cases, judged and failed of each exception, object by object."""
    objects = {}
    for each in frame.sort("sent_at", "attempt", "message_id").rows(named=True):
        objects.setdefault((each["object_type"], each["object_id"]), []).append(each)
    counts = {}
    for (kind, _), sent in objects.items():
        steps = {}
        for each in sent:
            steps.setdefault(each["operation"], []).append(each)
        course, current = {}, "return" if kind == "return" else None
        for operation, attempts in sorted(steps.items(), key=lambda step: (step[1][0]["sent_at"], step[0])):
            by_name = {"cancel": "cancellation", "credit-note": "credit note"}.get(operation)
            if kind == "return":
                current = "credit note" if operation == "credit-note" else "return"
            else:
                current = by_name or current
            if current:
                course.setdefault(current, []).append(attempts)
        for name, taken in course.items():
            ended = [[each["status"] for each in tries if each["status"] != "pending"] for tries in taken]
            ended = [outcome for outcome in ended if outcome]
            failed = any(outcome[-1] != "ok" for outcome in ended)
            cases, judged, bad = counts.get(name, (0, 0, 0))
            counts[name] = (cases + 1, judged + bool(ended), bad + failed)
    return counts


@pytest.mark.parametrize("seed", range(12))
def test_counts_are_those_of_a_loop_over_objects(seed):
    frame = drawn_messages(seed)
    counted = exceptions(ih.Evidence(messages=frame)).filter(pl.col("cases") > 0)
    assert {
        name: tuple(rest) for name, *rest in counted.select("type", "cases", "judged", "failed").rows()
    } == by_loops(frame)


def test_order_of_rows_copies_and_load_tests_change_nothing():
    frame = drawn_messages(1)
    table = exceptions(ih.Evidence(messages=frame))
    loaded = frame.with_columns(message_id=pl.format("load-{}", "message_id"), load_test=True, status=pl.lit("failed"))
    changed = pl.concat([frame, frame.with_columns(load_test=False), loaded], how="diagonal").sample(
        fraction=1, shuffle=True, seed=4
    )
    assert_frame_equal(exceptions(ih.Evidence(messages=changed)), table)
    elsewhere = frame.with_columns(pl.col("sent_at", "answered_at").dt.convert_time_zone("Asia/Tokyo"))
    assert_frame_equal(exceptions(ih.Evidence(messages=elsewhere)), table)


def test_courses_of_parts_are_those_of_the_whole():
    whole = ih.Evidence(messages=drawn_messages(2)).outcomes
    none = in_documents.marks(in_documents.exceptions_in(ih.Evidence().documents))
    parts = [whole.filter(pl.col("object_id").cast(pl.Int64) % 3 == part) for part in range(3)]
    order = ["object_type", "object_id", "exception"]
    merged = pl.concat([course_room.courses(part, none) for part in parts]).sort(order)
    assert_frame_equal(merged, course_room.courses(whole, none).sort(order))


def test_what_names_no_object_is_no_case_and_one_row_is_enough():
    nameless = [
        ("return", None, "post", "ok", 0),
        (None, "1", "POST /returns", "ok", 0),
        ("order", "1", "post", "ok", 0),
    ]
    evidence = logs(nameless)
    assert exceptions(evidence)["cases"].sum() == 0
    assert exceptions(logs(nameless[-1:]))["verdict"].unique().to_list() == ["never exercised"]
    bare = pl.DataFrame({"message_id": ["1"], "source": ["a"], "target": ["b"], "sent_at": [START], "status": ["ok"]})
    assert exceptions(ih.Evidence(messages=bare)).is_empty()
    assert exceptions(ih.Evidence()).schema == exceptions(evidence).schema


def test_what_has_no_outcome_yet_is_a_case_and_in_no_share():
    cases = [("return", f"R{n}", "post", "pending" if n < 10 else "ok", n) for n in range(30)]
    returned = row(logs([*happy("delivery", 30), *cases]), "return")
    assert (returned["cases"], returned["judged"], returned["straight_through"]) == (30, 20, 1.0)


def test_texts_that_would_act_stay_texts():
    hostile = "<script>alert(1)</script>\x1b[31m{}"
    cases = [("return", f"R{n}{hostile}", hostile, "failed", n, {"integration": hostile}) for n in range(30)]
    evidence = logs([*happy("delivery", 30), *cases])
    (finding,) = said(evidence).filter(rule="exception_not_ready").rows(named=True)
    assert "\x1b" not in finding["statement"]
    assert exception_failures(evidence)["cases"].to_list() == [30]
