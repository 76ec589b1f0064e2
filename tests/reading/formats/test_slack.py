"""Slack exports: who talks with whom, by team, from the counts of the people in it and never from what they wrote."""

import json
from collections import Counter
from datetime import UTC, datetime
from zipfile import ZipFile

import pytest
from drawing.shared_data import shared_data
from drawing.zip_files import accounts, damaged, zipped

import integrhealth as ih

BASE = 1452837318
USERS = [
    {"id": "U1", "profile": {"title": "Sales"}},
    {"id": "U2", "profile": {"title": "Finance "}},
    {"id": "U3", "profile": {"title": ""}, "deleted": True},
    {"id": "U4", "profile": {"title": "Sales"}},
    {"id": "B1", "is_bot": True, "profile": {"title": "Robots"}},
]
CHANNELS = [{"id": "C1", "name": "orders"}]


def said(user, second, **more):
    """A message `second` seconds later; its text is a secret."""
    return {"type": "message", "user": user, "ts": f"{BASE + second}.000002", "text": "a secret"} | more


@pytest.fixture
def read(tmp_path):
    """What is read of an export with these files, over a list of people and of channels that come last."""

    def read(files, *more):
        lists = [("channels.json", CHANNELS), ("users.json", USERS)]
        members = [(name, each if isinstance(each, str | bytes) else json.dumps(each)) for name, each in files.items()]
        content = zipped(*members, *((name, json.dumps(each)) for name, each in lists), *more)
        (tmp_path / "export.zip").write_bytes(content)
        return ih.read(tmp_path / "export.zip")

    return read


def talks(evidence):
    """Pair, second after the first message, people, channel."""
    rows = evidence.contacts.select("team_a", "team_b", "at", "people", "about").rows()
    start = datetime.fromtimestamp(BASE, UTC)
    return [(a, b, (at - start).seconds, people, about) for a, b, at, people, about in rows]


def test_a_real_export_by_hand():
    path = shared_data("formats", "slack", "testarchive.zip")
    evidence = ih.read(path)
    expected, counts = set(), {}
    with ZipFile(path) as archive:
        titles = {each["id"]: each["profile"]["title"] or "unknown" for each in json.loads(archive.read("users.json"))}
        for name in archive.namelist():
            if name.endswith("/"):
                continue
            messages = json.loads(archive.read(name))
            counts[f"testarchive.zip/{name}"] = ("slack", len(messages), len(messages), 0)
            if "/" not in name:
                continue
            written = [
                (each["user"], each["ts"])
                for each in messages
                if "user" in each and each.get("bot_id") is None and each.get("subtype") in (None, "file_share")
            ]
            people = dict.fromkeys(user for user, _ in written)
            first = {user: next(ts for who, ts in written if who == user) for user in people}
            for place, user in enumerate(people):
                before = Counter(titles[other] for other in list(people)[:place])
                mine = titles[user]
                pairs = [tuple(sorted((mine, other))) for other in before] if mine not in before else []
                pairs += [(mine, mine)] if before[mine] == 1 else []
                seconds, micros = first[user].split(".")
                at = datetime.fromtimestamp(int(seconds), UTC).replace(microsecond=int(micros))
                expected |= {(*pair, at, len(people), name.split("/")[0]) for pair in pairs}
    found = evidence.contacts.select("team_a", "team_b", "at", "people", "about").rows()
    assert (len(found), set(found)) == (len(expected), expected)
    assert {pair[:2] for pair in found} == {("Eat Monkeys", "unknown"), ("unknown", "unknown")}
    assert accounts(evidence) == counts
    assert evidence.contacts["at"].dt.microsecond().max() < 100  # the digits that a float would lose
    assert evidence.contacts["kind"].unique().to_list() == ["chat"]
    assert any(sentence.endswith("their team is unknown: 3") for sentence in evidence.warnings)
    assert any("public channels only" in sentence for sentence in evidence.warnings)


def test_teams_meet_when_the_second_of_them_joins(read):
    day = [said("U1", 0), said("U1", 1), said("U2", 2), said("U4", 3), said("U3", 4), said("U2", 5)]
    assert talks(read({"orders/2016-01-15.json": day})) == [
        ("Finance", "Sales", 2, 4, "orders"),
        ("Sales", "Sales", 3, 4, "orders"),
        ("Finance", "unknown", 4, 4, "orders"),
        ("Sales", "unknown", 4, 4, "orders"),
    ]


def test_every_thread_is_a_conversation_of_its_own_and_days_are(read):
    thread = {"thread_ts": f"{BASE}.000002"}
    days = {
        "orders/2016-01-15.json": [said("U1", 0, **thread), said("U3", 1), said("U2", 2, **thread)],
        "orders/2016-01-16.json": [said("U2", 3, **thread), said("U3", 4)],
    }
    assert talks(read(days)) == [("Finance", "Sales", 2, 2, "orders")]


def test_joins_and_bots_are_noise_and_nobody_talks_alone(read):
    noise = [
        said("U1", 0),
        said("U2", 1, subtype="channel_join"),
        said("U2", 2, bot_id="B7"),
        said("B1", 3),
        said("USLACKBOT", 4),
        said(None, 5, subtype="bot_message"),
        said("U2", 6, subtype="tombstone"),
    ]
    evidence = read({"orders/2016-01-15.json": noise})
    assert evidence.contacts.is_empty()
    assert accounts(evidence)["export.zip/orders/2016-01-15.json"] == ("slack", 7, 7, 0)


def test_private_conversations_that_are_there_are_read_and_not_said_to_be_missing(read):
    evidence = read({"secret/2016-01-15.json": [said("U1", 0), said("U9", 1)]}, ("groups.json", "[]"))
    assert talks(evidence) == [("Sales", "unknown", 1, 2, "secret")]  # nobody knows U9
    assert not any("public channels only" in sentence for sentence in evidence.warnings)


def test_bad_messages_are_refused_without_what_they_say_and_good_ones_survive(read):
    text = json.dumps([said("U1", 0), said("U2", 1)])
    files = {
        "orders/2016-01-15.json": [said("U1", 0), said("U2", 1, ts=BASE), said("U2", 2, ts="{{ts}}"), 7, said("U2", 3)],
        "orders/2016-01-16.json": text[:-30],
        "orders/2016-01-17.json": text,
        "orders/notes.bin": b"\0\1\2",
    }
    evidence = read(files)
    assert talks(evidence) == [("Finance", "Sales", 3, 2, "orders"), ("Finance", "Sales", 1, 2, "orders")]
    assert accounts(evidence)["export.zip/orders/2016-01-15.json"] == ("slack", 5, 2, 3)
    assert accounts(evidence)["export.zip/orders/notes.bin"] == (None, None, None, None)
    reasons = ["bad_ts", "bad_ts", "not_an_object", "no JSON: Unterminated string starting at in line 1"]
    assert evidence.rejected["reason"].to_list() == reasons
    assert evidence.rejected.filter(evidence.rejected["raw"].fill_null("").str.contains("secret")).is_empty()


def test_a_spoiled_file_of_the_export_is_said_and_the_others_are_read(tmp_path):
    day = json.dumps([said("U1", 0), said("U2", 1)])
    lists = ("users.json", json.dumps(USERS)), ("channels.json", "[]")
    content = zipped(("orders/2016-01-15.json", day), *lists, ("orders/2016-01-16.json", day))
    (tmp_path / "export.zip").write_bytes(damaged(content, content.find(b".json") + 30))
    evidence = ih.read(tmp_path)
    assert evidence.contacts["log_file"].to_list() == ["export.zip/orders/2016-01-16.json"]
    assert evidence.rejected.select("file", "reason").rows() == [("export.zip/orders/2016-01-15.json", "damaged_zip")]


@pytest.mark.parametrize("missing", ["users.json", "channels.json", "orders/2016-01-15.json"])
def test_other_archives_are_none(tmp_path, missing):
    names = {"users.json", "channels.json", "orders/2016-01-15.json"} - {missing}
    (tmp_path / "a.zip").write_bytes(zipped(*((name, "[]") for name in names)))
    assert "slack" not in ih.read(tmp_path).sources["format"].to_list()
