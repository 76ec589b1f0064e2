"""A declined payment is an outcome of the business: no record was wrong, and nothing was entered badly."""

import pytest
from drawing.frames import drawn, messages
from drawing.traffic import section

import integrhealth as ih
from integrhealth.catalog import Catalog

PAYMENT = """
    message_id trace_id parent_id source target integration object_type object_id sent_at finished_at status error_code
    a          t        -         shop   erp    orders      order       1         0       10          ok       -
    b          t        a         erp    bank   payments    order       1         40      50          rejected {code}
"""


@pytest.mark.parametrize(
    ("code", "said", "entries"),
    [
        ("insufficient_funds", None, 0),
        ("E77", None, 1),
        ("E77", "business", 0),
        ("insufficient_funds", "technical", 1),
    ],
)
def test_what_the_code_or_the_catalog_says_is_declined_is_no_bad_entry(code, said, entries):
    declared = Catalog(integrations=section("integrations", {"integration": "payments", "rejections": said}))
    evidence = ih.Evidence(messages=messages(PAYMENT.format(code=code)), catalog=declared)
    assert evidence.bad_entries.height == entries
    assert evidence.entry_steps.height == entries


def test_a_declined_payment_says_of_no_value_that_it_was_wrong():
    changes = drawn(
        "field_changes",
        """
        at  system element  entity value_hash actor actor_type
        -1  shop   quantity 1      x          ann   person
        600 shop   quantity 1      y          ann   person
        """,
    )

    def evidence(code: str) -> list:
        frame = ih.Evidence(messages=messages(PAYMENT.format(code=code)), field_changes=changes)
        return frame.changes_by_persons["evidence"].to_list()

    assert evidence("insufficient_funds") == [None]
    assert evidence("E77") == ["rejected or stopped"]


def test_a_checkpoint_that_stops_a_declined_payment_still_says_that_it_was_wrong():
    holds = drawn("holds", "checkpoint message_id held_at released_at decision\nx b 21 45 rejected")
    evidence = ih.Evidence(messages=messages(PAYMENT.format(code="insufficient_funds")), holds=holds)
    assert evidence.bad_entries["detection"].to_list() == ["checkpoint"]
