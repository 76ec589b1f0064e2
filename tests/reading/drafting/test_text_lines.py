"""A pattern for lines of text: what begins an entry, its time, its level, its logger, and pairs of key=value."""

import pytest

from integrhealth.evidence import read
from integrhealth.reading.drafting.draft import draft_of, suggested_mapping

SHAPES = {
    "log4j": ("2026-01-05 08:00:0{n},123 {level} [main-{n}] com.acme.Orders - order {n} came", "com.acme.Orders"),
    "short logger": ("2026-01-05T08:00:0{n}.123Z {level} orders.sync: order {n} came", "orders.sync"),
    "brackets": ("[2026-01-05 08:00:0{n}] [{level}] [orders] order {n} came", "orders"),
    "level first": ("{level} 2026-01-05 08:00:0{n} order {n} came", None),
    "colons": ("2026-01-05 08:00:0{n} : {level} : order {n} came", None),
    "ctime": ("Mon Jan  5 08:00:0{n} 2026 {level}: order {n} came", None),
    "access": ("05/Jan/2026:08:00:0{n} +0000 {level} order {n} came", None),
    "epoch": ("176760000{n} {level} order {n} came", None),
}


@pytest.mark.parametrize("name", SHAPES)
def test_lines_of_a_shape_are_read_as_logs(tmp_path, name):
    shape, site = SHAPES[name]
    text = "\n".join(shape.format(n=n, level=("INFO", "ERROR")[n % 2]) for n in range(10))
    (tmp_path / "app.log").write_text(f"{text}\njava.lang.Error: no\n    at a.b(C.java:1)\n")
    (tmp_path / "mapping.yaml").write_text(suggested_mapping(tmp_path / "app.log"), encoding="utf-8")
    evidence = read(tmp_path)
    logs = evidence.logs
    assert (logs.height, evidence.rejected.height) == (10, 0)
    assert [(each.month, each.day, each.hour, each.second) for each in logs["time"][:2]] == [(1, 5, 8, 0), (1, 5, 8, 1)]
    if name != "level first":
        assert logs["level"].to_list()[:2] == ["INFO", "ERROR"]
    assert logs["site"][0] == site
    assert logs["text"][0].endswith("order 0 came")
    assert logs["text"][9].endswith("(C.java:1)")


def test_pairs_that_say_enough_are_messages(tmp_path):
    path = tmp_path / "app.log"
    shape = "2026-01-05 08:00:0{n} INFO id=m{n} from=A to=B status={status} note={n}"
    path.write_text("\n".join(shape.format(n=n, status=("ok", "failed")[n % 2]) for n in range(10)))
    (entry,) = draft_of(path).entries
    assert (entry.frame, entry.columns["source"]) == ("messages", "from")


def test_pairs_in_several_orders_are_text(tmp_path):
    path = tmp_path / "app.log"
    shapes = ("a=1 b=2 c=3", "c=3 b=2 a=1")
    path.write_text("\n".join(f"2026-01-05 08:00:0{n} INFO {shapes[n % 2]} went" for n in range(10)))
    (entry,) = draft_of(path).entries
    assert entry.frame == "logs"


def test_lines_without_a_time_have_no_pattern(tmp_path):
    path = tmp_path / "app.log"
    path.write_text("nothing\nto see\nhere\n")
    assert draft_of(path).entries == ()
