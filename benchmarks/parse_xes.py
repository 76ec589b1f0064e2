"""XES to typed steps of incidents: ours against pm4py, where there is one.

Run ``python benchmarks/parse_xes.py [FILE] [PYTHON]``; without a file it makes a log of 100,000 events. PYTHON is the
interpreter of an environment that has pm4py, whose licence (AGPL) keeps it out of ours. Each case runs in its own
process, the cases take turns, the median of three is shown. ``pm4py`` is its ``read_xes`` as it comes, ``pm4py,
regex`` the fastest of its readers, which knows no entities and no other order of attributes.
"""

import gzip
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from measure import in_turns, measured, seconds_of, table

PEER = "PM4PY_PYTHON"
# What runs in the other interpreter: it knows this folder, not the kit.
SCRIPT = """
import sys, warnings
from pathlib import Path
warnings.filterwarnings("ignore")
import pm4py
from measure import measured
variant, path, warmup = sys.argv[1:]
measured(lambda path: len(pm4py.read_xes(str(path), variant=variant)), Path(path), warmup=Path(warmup))
"""
VARIANTS = {"pm4py": "iterparse", "pm4py, regex": "chunk_regex"}


def ours(path: Path) -> int:
    """Read, check and reject with integrhealth; the rows that survived."""
    from integrhealth.reading.formats.xes import FORMAT

    return sum(part.rows.height for part in FORMAT.read(path, path.name))


def with_pm4py(variant: str, path: Path, *, warmup: Path) -> None:
    """Measured in the environment that has pm4py; what it says besides the measurement is dropped."""
    command = [os.environ[PEER], "-c", SCRIPT, variant, str(path), str(warmup)]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    )
    print(done.stdout.splitlines()[-1])


def written(path: Path, *, cases: int, events: int = 10) -> Path:
    """A synthetic log of CASES with so many EVENTS each."""
    begun = datetime(2026, 1, 5, 8, tzinfo=UTC)

    def attribute(kind: str, key: str, value: str) -> str:
        return f'\t\t\t<{kind} key="{key}" value="{value}"/>'

    def event(number: int) -> str:
        told = [
            attribute("string", "concept:name", ("Accepted", "Queued", "Completed")[number % 3]),
            attribute("string", "lifecycle:transition", ("In Progress", "Awaiting Assignment", "Closed")[number % 3]),
            attribute("string", "org:group", f"G{number * 7 % 101}"),
            attribute("string", "org:resource", f"Person {number * 11 % 997}"),
            attribute("string", "impact", "Medium"),
            attribute("string", "product", f"PROD{number % 500}"),
            attribute("date", "time:timestamp", (begun + timedelta(seconds=97 * number)).isoformat()),
        ]
        return "\n".join(["\t\t<event>", *told, "\t\t</event>"])

    with path.open("w") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n<log xes.version="1.0">\n')
        for case in range(cases):
            steps = "\n".join(event(case * events + number) for number in range(events))
            file.write(f'\t<trace>\n\t\t<string key="concept:name" value="{case}"/>\n{steps}\n\t</trace>\n')
        file.write("</log>\n")
    return path


def unpacked_size(file: Path) -> int:
    """How many bytes of XML a file is."""
    if file.suffix != ".gz":
        return file.stat().st_size
    with gzip.open(file) as packed:
        return len(packed.read())


def main(file: Path, peer: str | None) -> None:
    """Run every case three times in turn, print the table."""
    readers = ["ours"]
    if peer is not None:
        os.environ[PEER] = peer
        readers += VARIANTS
    runs = in_turns(__file__, [(reader, file.name) for reader in readers], file.parent)
    megabytes = unpacked_size(file) / 1e6
    print(table(runs, f"{megabytes:.1f} MB unpacked"))
    print()
    for (reader, _), seconds in seconds_of(runs).items():
        print(f"{reader}: {megabytes / seconds:.0f} MB/s")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--case"]:
        reader, file = sys.argv[2], Path(sys.argv[3])
        with tempfile.TemporaryDirectory() as name:
            warmup = written(Path(name) / "warmup.xes", cases=10)
            if reader == "ours":
                measured(ours, file, warmup=warmup)
            else:
                with_pm4py(VARIANTS[reader], file, warmup=warmup)
    else:
        with tempfile.TemporaryDirectory() as name:
            given = sys.argv[1:2]
            file = Path(given[0]) if given else written(Path(name) / "log.xes", cases=10_000)
            main(file, sys.argv[2] if sys.argv[2:] else None)
