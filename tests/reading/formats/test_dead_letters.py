"""Dead letters of RabbitMQ and of Kafka, as their vendors document them."""

import json
from datetime import UTC, datetime

import pytest
from drawing.exported import read_as, seen

import integrhealth as ih

DIED = datetime(2026, 3, 1, 10, tzinfo=UTC)
EPOCH = int(DIED.timestamp())


def death(reason: str, queue: str = "orders", **more: object) -> dict:
    own = {
        "count": 1,
        "reason": reason,
        "queue": queue,
        "time": EPOCH,
        "exchange": "shop",
        "routing-keys": ["order.new"],
    }
    return own | more


def letter(*deaths: dict, headers: dict | None = None, **properties: object) -> dict:
    given = {"x-death": list(deaths), "x-first-death-queue": "orders"} if deaths else {}
    properties = {"delivery_mode": 2} | properties | {"headers": given | (headers or {})}
    taken = {
        "payload_bytes": 7,
        "redelivered": False,
        "exchange": "dlx",
        "routing_key": "order.new",
        "message_count": 0,
    }
    return taken | {"properties": properties, "payload": '{"a":1}', "payload_encoding": "string"}


@pytest.mark.parametrize(
    ("reason", "status"),
    [("rejected", "rejected"), ("expired", "timeout"), ("maxlen", "failed"), ("delivery_limit", "failed")],
)
@pytest.mark.parametrize("time", [EPOCH, EPOCH * 1000, DIED.isoformat()])
def test_a_message_died_in_a_queue_for_a_reason(tmp_path, reason, status, time):
    evidence = read_as("rabbitmq_dead_letters", tmp_path, [letter(death(reason, count=3, time=time), message_id="m1")])
    assert seen(evidence, "message_id", "source", "target", "kind", "status", "error_code", "attempt", "sent_at") == [
        (f"m1/orders/{reason}", "shop", "orders", "queue", status, reason, 3, DIED)
    ]
    assert seen(evidence, "finished_at", "operation", "bytes") == [(None, "order.new", 7)]


def test_a_message_that_died_in_several_queues_has_a_row_for_each(tmp_path):
    retried = death("expired", "orders.retry", exchange="", time=EPOCH + 60)
    letters = [
        letter(
            retried, death("rejected"), message_id="m1", correlation_id="c1", timestamp=EPOCH - 5, app_id="shop-api"
        ),
        letter(death("rejected", exchange=""), app_id="shop-api"),
        letter(death("rejected", exchange="")),
        letter(),
        {"payload": 1},
    ]
    evidence = read_as("rabbitmq_dead_letters", tmp_path, "\n".join(map(json.dumps, letters)))
    first, second, *others = seen(evidence, "message_id", "trace_id", "source", "target", "status")
    assert first == ("m1/orders.retry/expired", "c1", "RabbitMQ", "orders.retry", "timeout")
    assert second == ("m1/orders/rejected", "c1", "shop", "orders", "rejected")
    assert [row[2:] for row in others] == [("shop-api", "orders", "rejected"), ("RabbitMQ", "orders", "rejected")]
    published = evidence.messages.row(1, named=True)
    assert (published["finished_at"] - published["sent_at"]).total_seconds() == 5
    assert evidence.sources.select("rows_in", "rows_out", "rows_rejected").rows() == [(5, 4, 1)]
    assert any("without a death in their headers" in each and each.endswith(": 1") for each in evidence.warnings)


def test_what_spring_put_aside_says_the_exception(tmp_path):
    headers = {
        "x-exception-message": "no such customer",
        "x-exception-stacktrace": "at ...",
        "x-original-exchange": "shop",
    }
    headers["x-original-routingKey"] = "orders"
    evidence = read_as("rabbitmq_dead_letters", tmp_path, letter(headers=headers, message_id="m1", timestamp=EPOCH))
    assert seen(evidence, "message_id", "source", "target", "status", "error_text", "sent_at") == [
        ("m1", "shop", "orders", "failed", "no such customer", DIED)
    ]


def test_messages_alike_in_one_file_are_several_and_the_same_ones_taken_twice_are_not(tmp_path):
    for name in ("monday.json", "tuesday.json"):
        evidence = read_as("rabbitmq_dead_letters", tmp_path, [letter(death("rejected"))] * 2, name)
        assert evidence.messages.height == 2
    assert evidence.sources["duplicates"].to_list() == [0, 2]


CONNECT = {"topic": "orders", "partition": "0", "offset": "17", "connector.name": "jdbc-sink", "task.id": "0",
           "stage": "VALUE_CONVERTER", "exception.class.name": "DataException",
           "exception.message": "no number"}  # fmt: skip


def kafka(headers: object, offset: int = 3, **more: object) -> dict:
    own = {"topic": "dlq", "partition": 0, "offset": offset, "tstype": "create", "ts": EPOCH * 1000, "broker": 1}
    return own | {"headers": headers, "key": None, "payload": "{}"} | more


def by_turns(headers: dict) -> list:
    return [part for pair in headers.items() for part in pair]


@pytest.mark.parametrize(
    "shape", [by_turns, dict, lambda headers: [{"key": k, "value": v} for k, v in headers.items()]]
)
def test_a_record_that_a_connector_put_aside(tmp_path, shape):
    headers = shape({f"__connect.errors.{name}": value for name, value in CONNECT.items()})
    evidence = read_as("kafka_dead_letters", tmp_path, json.dumps(kafka(headers)))
    assert seen(evidence, "message_id", "trace_id", "source", "target", "operation", "status", "error_code") == [
        ("dlq/0/3", "orders/0/17", "orders", "jdbc-sink", "VALUE_CONVERTER", "failed", "DataException")
    ]
    assert seen(evidence, "sent_at", "error_text", "kind") == [(DIED, "no number", "queue")]


def test_a_record_that_spring_put_aside_and_records_that_say_nothing(tmp_path):
    spring = {"original-topic": "orders", "exception-fqcn": "ListenerException", "exception-cause-fqcn": "IOException"}
    spring |= {"original-consumer-group": "billing", "exception-message": "broken"}
    headers = by_turns({f"kafka_dlt-{name}": value for name, value in spring.items()})
    rows = [kafka(headers), kafka([], 4), kafka(None, 5), {"x": 1}]
    evidence = read_as("kafka_dead_letters", tmp_path, "\n".join(map(json.dumps, rows)) + "\nbroken")
    assert seen(evidence, "source", "target", "status", "error_code", "error_text") == [
        ("orders", "billing", "failed", "IOException", "broken")
    ]
    assert evidence.sources.select("rows_in", "rows_out", "rows_rejected").rows() == [(5, 3, 2)]
    assert any("without the headers of a dead letter" in each and each.endswith(": 2") for each in evidence.warnings)


def test_messages_and_records_without_a_failure_are_left_to_others(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(letter()))
    (tmp_path / "b.json").write_text(json.dumps(kafka(["trace", "1"])))
    assert not {"rabbitmq_dead_letters", "kafka_dead_letters"} & set(ih.read(tmp_path).sources["format"])
