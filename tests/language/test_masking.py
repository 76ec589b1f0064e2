"""Secrets and people: hidden wherever they stand, and clean text left alone."""

import os
import stat

import polars as pl
import pytest

from integrhealth.language import masking
from integrhealth.language.masking import cut, masked, masked_secrets, pseudonym, pseudonym_key


def result(expression, *values):
    return (
        pl.DataFrame({"t": list(values)}, schema={"t": pl.String}).select(expression(pl.col("t"))).to_series().to_list()
    )


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("GET https://x.blob.core.windows.net/c?sv=1&sig=AbC%2Fd&se=2", "AbC%2Fd"),
        ("POST https://f.azurewebsites.net/api/x?code=AbCdEfGhIjKlMnOp==&a=1", "AbCdEfGhIjKlMnOp"),
        ("POST https://hooks.slack.com/services/T000/B000/XXXX failed", "T000/B000/XXXX"),
        ("https://corp.webhook.office.com/webhookb2/a@b/IncomingWebhook/c", "IncomingWebhook"),
        ("https://s3.amazonaws.com/b?X-Amz-Signature=deadbeef01", "deadbeef01"),
        ("refused /b?signature=deadbeef01", "deadbeef01"),
        ("Authorization: Bearer abc.def-123", "abc.def-123"),
        ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("authorization: token ghp_abc123", "ghp_abc123"),
        ("postgres://bob:s3cr@t@db:5432/x", "s3cr@t"),
        ("https://user:hunter2@host/path", "hunter2"),
        ("api_key=abc123&x=1", "abc123"),
        ("X-Api-Key: abc123", "abc123"),
        ('{"password": "hun\\"ter2", "a": 1}', "ter2"),
        ('{\\"password\\": \\"hunter2\\", \\"a\\": 1}', "hunter2"),
        ("client_secret=xyz789;foo=1", "xyz789"),
        ("clientSecret: 'x y z'", "x y z"),
        ("AccountKey=abcd==;EndpointSuffix=core", "abcd=="),
        ("aws_secret_access_key = wJalrXUtnFEMI", "wJalrXUtnFEMI"),
        ("AKIAIOSFODNN7EXAMPLE leaked", "AKIAIOSFODNN7EXAMPLE"),
        ("got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_d here", "eyJzdWIiOiIxIn0"),
        ("mail to joe.doe@example.com, please", "joe.doe@example.com"),
    ],
)
def test_what_must_not_be_seen_is_hidden(text, secret):
    (hidden,) = result(masked, text)
    assert secret not in hidden
    assert masking.HIDDEN in hidden


@pytest.mark.parametrize(
    "text",
    [
        "order 42 failed: no stock",
        "basic configuration needed",
        "http://host:8080/path?page=2",
        "3 tokens left",
        "the password is wrong",
        "bearer of news",
        "AKIA is a town",
        "a @ b",
        "",
        None,
    ],
)
def test_clean_text_stays_as_it_is(text):
    assert result(masked, text) == [text]


def test_what_stands_around_a_secret_stays():
    assert result(masked, "retry sig=1 of https://u:p@h/x by ann@example.com ok") == [
        "retry sig=*** of https://u:***@h/x by *** ok"
    ]


def test_secrets_can_be_masked_without_addresses():
    assert result(masked_secrets, "password=a1 of ann@example.com") == ["password=*** of ann@example.com"]


def test_hostile_text_of_megabytes_is_hidden_too():
    hostile = ['password="' + 'a\\"' * 400_000, "a@" * 400_000, "eyJ" * 300_000, "://" + "a:" * 400_000]
    assert result(masked, *hostile) == ["password=***", *hostile[1:]]


def test_clean_rows_meet_no_regular_expression(monkeypatch):
    monkeypatch.setattr(masking, "SECRETS", (("(", "a pattern that cannot compile"),))
    assert result(masked, "message delivered", "another") == ["message delivered", "another"]


def test_cut_text_says_that_it_was_cut():
    assert result(lambda text: cut(text, 5), "abcdefgh", "abcde", "ü" * 6, None) == ["abcd…", "abcde", "üüüü…", None]


def test_only_values_with_an_address_become_pseudonyms_and_the_same_ones_the_same():
    people = result(lambda text: pseudonym(text, b"key"), "ann@x.de", "Ann <ANN@x.de>", "bob@x.de", "batch-user", None)
    assert people[0] == people[1] != people[2]
    assert people[0].startswith("person-")
    assert len(people[0]) == len("person-3f9a2c1b7d")
    assert people[3:] == ["batch-user", None]


def test_addresses_in_letters_of_every_alphabet_and_of_guests_are_of_one_person_each():
    addresses = ["müller@firma.de", "möller@firma.de", "anna@müller.de", "joão@é.fr", "анна@пример.рф"]
    addresses += ["o\u2019neil@x.de", "eve_y.de#EXT#@x.onmicrosoft.com", "mu\u0308ller@firma.de", "ana@उदाहरण.भारत"]
    people = result(lambda text: pseudonym(text, b"key"), *addresses)
    assert all(person.startswith("person-") for person in people)
    assert len(set(people)) == len(addresses)
    assert result(masked, *(f"to {address}, please" for address in addresses)) == ["to ***, please"] * len(addresses)


@pytest.mark.parametrize(("one", "other"), [("10.0.0.1:443", "10.0.0.1"), ("[2a02:cf40::7]:5000", "2a02:cf40::7")])
def test_the_port_of_an_address_makes_no_other_client(one, other):
    first, second = result(lambda text: pseudonym(text, b"key"), one, other)
    assert first == second
    assert first.startswith("client-")


def test_another_key_gives_other_pseudonyms():
    one, other = (result(lambda text, key=key: pseudonym(text, key), "ann@x.de") for key in (b"one", b"other"))
    assert one != other


def test_the_key_is_made_once_and_only_its_owner_can_read_it(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    key = pseudonym_key()
    path = tmp_path / "integrhealth" / "pseudonym.key"
    assert pseudonym_key() == key == path.read_bytes()
    assert len(key) == masking.KEY_BYTES
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_key_that_cannot_be_kept_serves_this_run_with_a_warning(tmp_path, monkeypatch):
    blocked = tmp_path / "a_file"
    blocked.write_text("")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(blocked))
    with pytest.warns(UserWarning, match="change with every run"):
        assert len(pseudonym_key()) == masking.KEY_BYTES
