"""Which texts and codes of failures say why, and which say nothing."""

import polars as pl
import pytest

from integrhealth.analyses.reconciliation.trail.why import tells_why


def says_why(status, *, text=None, code=None):
    row = pl.DataFrame(
        {"text": [text], "code": [code], "status": [status]},
        schema=dict.fromkeys(("text", "code", "status"), pl.String),
    )
    return row.select(tells_why(pl.col("text"), pl.col("code"), pl.col("status"))).item()


@pytest.mark.parametrize(
    "text",
    [
        *(
            "error",
            "unknown",
            "Unknown error",
            "FAILED!",
            "500",
            "Internal Server Error",
            "exception",
            "n/a",
            "",
            " ",
            "-",
        ),
        "HTTP 500",
        "500 Internal Server Error",
        "An unexpected error has occurred.",
        "Request failed with status code 400",
        "rejected",
        "some error",
        "InternalServerError",
        "HTTPError",
        "Fehler",
        None,
    ],
)
def test_texts_that_say_nothing_are_no_reason(text):
    assert not says_why("failed", text=text)


@pytest.mark.parametrize(
    "text",
    [
        "deadlock detected",
        "Unknown error: field VAT is empty",
        "ORA-00060",
        "E500: no such order",
        "Kein Bestand",
        "NullPointerException",
        "HTTPTimeoutError",
    ],
)
def test_texts_that_say_more_are_a_reason(text):
    assert says_why("failed", text=text)


@pytest.mark.parametrize("code", ["AM10", "TIMEOUT", "1104", "M7 021", "51", "A", "R01", "HTTP-1104", "5000", "404-7"])
def test_a_code_of_its_own_is_a_reason_beside_a_text_that_is_none(code):
    assert says_why("timeout", text="error", code=code)


@pytest.mark.parametrize(
    "code", ["404", "500", "599", "100", "HTTP_503", "http404", "0", "000", "ERROR", "n/a", "", None]
)
def test_a_status_of_http_alone_is_no_reason(code):
    assert not says_why("failed", code=code)


@pytest.mark.parametrize(
    ("status", "text", "reason"),
    [
        ("timeout", " Timeout ", False),
        ("failed", "timeout", True),
        ("timeout", "timeout after 30 s", True),
        ("rejected", "rejected", False),
    ],
)
def test_a_text_that_repeats_the_status_is_no_reason(status, text, reason):
    assert says_why(status, text=text) == reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [("<script>alert(1)</script>", True), ("\u202e\x00", False), ("(((((" * 50, False), ("error " * 2000 + "x", True)],
)
def test_hostile_texts_are_texts(text, reason):
    assert says_why("failed", text=text) == reason
