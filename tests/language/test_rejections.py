"""Which rejections are an outcome of the business, and what becomes of them in every share of errors."""

import polars as pl
import pytest
from drawing.traffic import evidence, section, traffic

from integrhealth.analyses import dependency_fragility, error_propagation, latency
from integrhealth.catalog import Catalog
from integrhealth.evidence import Evidence
from integrhealth.language.rejections import outcomes
from integrhealth.language.schema import conform

NOTHING_SAID = section("integrations")


def status_of(status="rejected", *, said=None, **columns) -> str:
    """What becomes of the status of one message."""
    row = {"message_id": "m", "source": "a", "target": "b", "sent_at": "2026-03-01", "status": status}
    drawn = conform(pl.DataFrame([row | {"integration": "i"} | columns]), "messages")
    declared = section("integrations", {"integration": "i", "rejections": said}, {"integration": "i"})
    [judged] = outcomes(drawn, declared)["status"]
    return judged


@pytest.mark.parametrize(
    "words",
    [
        *("payment_declined", "CARD_DECLINED", "CardDeclinedError", "card was declined", "declined by the issuer"),
        *("insufficient_funds", "Insufficient credit", "not enough stock", "OUT_OF_STOCK", "no stock", "NO_STOCK"),
        *("credit limit exceeded", "amount exceeds the credit limit", "do_not_honor", "Do not honour", "expired_card"),
    ],
)
def test_a_code_or_a_text_says_that_it_is_business(words):
    assert status_of(error_code=words) == "declined"
    assert status_of(error_text=f"POST /pay: {words}") == "declined"
    assert status_of("failed", error_code=words) == "declined"
    # It was not answered no; a text of an ended message says nothing.
    assert [status_of(status, error_code=words) for status in ("timeout", "ok", "pending")] == [
        "timeout",
        "ok",
        "pending",
    ]


@pytest.mark.parametrize(
    "words",
    [
        *("connection refused", "access declined", "rate limit exceeded", "quota exceeded", "insufficient privileges"),
        *("insufficient storage", "TimeoutError", "500", "stock service down", "piano stock", "credit service refused"),
    ],
)
def test_what_fails_technically_is_no_business(words):
    assert status_of(error_code=words) == "rejected"
    assert status_of("failed", error_text=words) == "failed"


@pytest.mark.parametrize("code", ["AM04", "am04", " AC04 ", "R01"])
def test_a_reason_of_a_rejected_transfer_is_business(code):
    assert status_of(error_code=code) == "declined"
    assert status_of("failed", error_code=code) == "failed"
    assert status_of(error_code=code.strip() + "7") == "rejected"


def test_a_number_means_a_declined_card_only_where_money_is_asked_for():
    assert status_of(error_code="51", operation="authorize payment") == "declined"
    assert status_of(error_code="05", integration="card payments") == "declined"
    assert status_of(error_code="51", operation="post IDoc") == "rejected"
    assert status_of(error_code="52", operation="authorize payment") == "rejected"


def test_the_catalog_has_the_word_of_its_integrations():
    assert status_of(said="business") == "declined"
    assert status_of("failed", said="business", error_code="payment_declined") == "failed"
    assert status_of(said="technical", error_code="payment_declined") == "rejected"
    assert status_of(said="business", integration="other") == "rejected"


def test_messages_keep_their_order_and_their_statuses_in_the_evidence():
    drawn = traffic("3 Shop>Pay\n2 Shop>Pay!").with_columns(error_code=pl.lit("card_declined"))
    given = Evidence(messages=drawn)
    assert given.outcomes["message_id"].to_list() == given.messages["message_id"].to_list()
    assert given.messages["status"].to_list() == ["ok"] * 3 + ["failed"] * 2
    assert given.outcomes["status"].to_list() == ["ok"] * 3 + ["declined"] * 2
    assert outcomes(given.messages.clear(), NOTHING_SAID).schema == given.messages.schema


def declining(code: str | None, *, said: str | None = None) -> Evidence:
    """200 orders that ask for money, of which 40 are refused, by the Bank and then by the ERP, and sent on if paid."""
    drawn = traffic("160 Shop>ERP ERP>Bank ERP>WMS\n40 Shop>ERP! ERP>Bank!")
    refused = pl.col("status") == "failed"
    drawn = drawn.with_columns(
        status=pl.when(refused).then(pl.lit("rejected")).otherwise("status"),
        error_code=pl.when(refused).then(pl.lit(code, pl.String)),
        integration=pl.format("{} > {}", "source", "target"),
    )
    names = drawn["integration"].unique().sort()
    declared = section("integrations", *({"integration": name, "rejections": said} for name in names))
    return evidence(drawn, catalog=Catalog(integrations=declared))


@pytest.mark.parametrize(("code", "said"), [("payment_declined", None), (None, "business")])
def test_what_was_declined_ended_and_did_not_fail_anywhere(code, said):
    given = declining(code, said=said)
    bank = latency.integrations(given).filter(pl.col("target") == "Bank").row(0, named=True)
    assert {name: bank[name] for name in ("messages", "ended", "failed", "declined", "rejected", "error_share")} == {
        "messages": 200, "ended": 200, "failed": 0, "declined": 40, "rejected": 0, "error_share": 0.0,
    }  # fmt: skip
    assert latency.report(given).findings.is_empty()
    spread = error_propagation.report(given).tables
    assert (spread["cascades"].height, spread["systems"]["own_errors"].sum()) == (0, 0)
    assert spread["systems"]["stopped"].sum() == 0
    assert dependency_fragility.report(given).findings.filter(pl.col("severity") != "note").is_empty()
    assert dependency_fragility.report(given).tables["systems"]["own_errors"].sum() == 0


@pytest.mark.parametrize(("code", "said"), [("500", None), ("payment_declined", "technical")])
def test_what_was_refused_for_another_reason_failed_everywhere(code, said):
    given = declining(code, said=said)
    bank = latency.integrations(given).filter(pl.col("target") == "Bank").row(0, named=True)
    assert (bank["failed"], bank["declined"], bank["rejected"], bank["error_share"]) == (40, 0, 40, 0.2)
    # What failed at the bank; the ERP failed because of it.
    severities = {"ERP > Bank": "critical", "Shop > ERP": "note"}
    assert dict(latency.report(given).findings.select("subject", "severity").rows()) == severities
    assert error_propagation.cascades(given)["messages"].to_list() == [2] * 40
    assert dependency_fragility.report(given).tables["systems"]["own_errors"].sum() == 40


def test_a_system_that_goes_on_without_a_declined_payment_swallows_nothing():
    given = declining("payment_declined")
    kept = given.messages.with_columns(status=pl.when(pl.col("target") == "ERP").then(pl.lit("ok")).otherwise("status"))
    assert "swallows_errors" not in set(error_propagation.report(evidence(kept)).findings["rule"])
    refused = kept.with_columns(error_code=pl.lit("500"))
    assert "swallows_errors" in set(error_propagation.report(evidence(refused)).findings["rule"])
