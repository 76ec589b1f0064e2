"""OpenLineage run events as JSON lines: ours against a loop over orjson that takes the same fields.

Run ``python benchmarks/parse_openlineage.py [EVENTS]``. Each case runs in its own process, the cases take turns, the
median of three is shown. The loop checks nothing: a bad line ends it, and its times stay text.
"""

import json
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import polars as pl
from measure import in_turns, measured, seconds_of, table

BEGIN = datetime(2026, 1, 5, tzinfo=UTC)


def events(count: int) -> list[str]:
    """JSON lines: a START and a COMPLETE or FAIL per run, ten runs under a parent, with data sets and statistics."""
    lines = []
    for number in range(count):
        run, ends = divmod(number, 2)
        fails = run % 25 == 0
        parent = {
            "run": {"runId": str(UUID(int=run // 10 + (1 << 100)))},
            "job": {"namespace": "etl", "name": "nightly"},
        }
        facets = {"parent": parent} | ({"errorMessage": {"message": "no such column"}} if ends and fails else {})
        lines.append(
            json.dumps(
                {
                    "eventType": ("FAIL" if fails else "COMPLETE") if ends else "START",
                    "eventTime": (BEGIN + timedelta(seconds=run, milliseconds=700 * ends)).isoformat(),
                    "producer": "benchmark",
                    "run": {"runId": str(UUID(int=run)), "facets": facets},
                    "job": {"namespace": "etl", "name": f"model_{run % 300}"},
                    "inputs": [{"namespace": "postgres://erp", "name": f"public.table_{run % 40}"}],
                    "outputs": [
                        {
                            "namespace": "snowflake://bi",
                            "name": f"mart.table_{run % 60}",
                            "outputFacets": {"outputStatistics": {"rowCount": run, "size": run * 100}},
                        }
                    ],
                }
            )
        )
    return lines


def ours(path: Path) -> int:
    """Read, check and reject with integrhealth; the events that survived."""
    from integrhealth.reading.formats.openlineage import FORMAT

    return FORMAT.read(path, path.name)[0].rows.height


def with_orjson(path: Path) -> int:
    """A loop that takes the same fields out of each line, and a frame of text."""
    import orjson

    rows = []
    for line in path.read_bytes().splitlines():
        event = orjson.loads(line)
        facets = event["run"]["facets"]
        rows.append(
            (
                event["eventType"],
                event["eventTime"],
                event["run"]["runId"],
                facets["parent"]["run"]["runId"],
                event["job"]["namespace"],
                event["job"]["name"],
                event["inputs"][0]["namespace"],
                event["outputs"][0]["namespace"],
                facets.get("errorMessage", {}).get("message"),
                event["outputs"][0]["outputFacets"]["outputStatistics"]["size"],
            )
        )
    return pl.DataFrame(rows, orient="row").height


READERS = {"ours": ours, "orjson loop": with_orjson}


def main(count: int) -> None:
    """Make the files, run every case three times in turn, print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "events.jsonl").write_text("\n".join(events(count)))
        (folder / "warmup.jsonl").write_text("\n".join(events(100)))
        runs = in_turns(__file__, [(reader, "events.jsonl") for reader in READERS], folder)
        megabytes = (folder / "events.jsonl").stat().st_size / 1e6
    print(table(runs, f"{count:,} events, {megabytes:.0f} MB"))
    for (reader, _), seconds in seconds_of(runs).items():
        print(f"{reader}: {megabytes / seconds:.0f} MB/s")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--case"]:
        reader, file = sys.argv[2], Path(sys.argv[3])
        measured(READERS[reader], file, warmup=file.with_name("warmup.jsonl"))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 200_000)
