"""Prometheus text to one typed row per sample: ours against the parser of prometheus_client.

Run ``python benchmarks/parse_prometheus.py [SAMPLES]``. Two files: a dump of few series over time, where each series is
seen often, and one scrape of many, each seen once. Ours also tells system, statistic and unit, and keeps the line.
"""

import sys
import tempfile
from pathlib import Path

from measure import in_turns, measured, table

WARMUP_SAMPLES = 1_000
SERIES = 600
BUCKETS = ("0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf")


def write_dump(path: Path, samples: int) -> None:
    """The same series over and over, a minute apart, as ``promtool tsdb dump`` writes them."""
    with path.open("w", encoding="utf-8") as file:
        for number in range(samples):
            one = number % SERIES
            file.write(
                f'http_requests_total{{job="shop",instance="10.0.0.{one % 20}:9090",path="/api/v1/orders/{one}"}} '
                f"{number // 7} {1_767_600_000_000 + number // SERIES * 60_000}\n"
            )


def write_scrape(path: Path, samples: int) -> None:
    """Histograms, no two samples of one series."""
    with path.open("w", encoding="utf-8") as file:
        file.write("# HELP took_seconds How long it took\n# TYPE took_seconds histogram\n")
        for number in range(samples):
            one, bucket = divmod(number, len(BUCKETS))
            le = BUCKETS[bucket]
            file.write(f'took_seconds_bucket{{handler="/api/v1/orders/{one}",method="POST",le="{le}"}} {number}\n')


def ours(path: Path) -> int:
    """Read and check every sample with integrhealth."""
    from integrhealth.reading.formats.prometheus import read

    return sum(part.rows.height for part in read(path, path.name))


def with_prometheus_client(path: Path) -> int:
    """The families of its parser, one tuple per sample, then pandas."""
    import pandas
    from prometheus_client.parser import text_fd_to_metric_families

    with path.open(encoding="utf-8") as file:
        rows = [
            (sample.name, sample.labels, sample.value, sample.timestamp)
            for family in text_fd_to_metric_families(file)
            for sample in family.samples
        ]
    return len(pandas.DataFrame(rows, columns=["name", "labels", "value", "time"]))


READERS = {"ours": ours, "prometheus_client": with_prometheus_client}
FILES = {"dump.prom": write_dump, "scrape.prom": write_scrape}


def main(samples: int) -> None:
    """Make the files, run every case three times in turn, print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, write in FILES.items():
            write(folder / file, samples)
        write_dump(folder / "warmup.prom", WARMUP_SAMPLES)
        cases = [(reader, file) for file in FILES for reader in READERS]
        runs = in_turns(__file__, cases, folder)
        megabytes = ", ".join(f"{file} {(folder / file).stat().st_size / 1e6:.0f} MB" for file in FILES)
    print(table(runs, f"{samples:,} samples, {megabytes}"))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--case"]:
        path = Path(sys.argv[3])
        measured(READERS[sys.argv[2]], path, warmup=path.with_name("warmup.prom"))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 1_000_000)
