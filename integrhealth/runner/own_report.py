"""The report of a run among the reports that it reports on: a row of the inventory, and a delivery for each run.

They lie in the folder of the report as canonical CSV files, so that the next run into it counts them.
"""

from datetime import datetime
from pathlib import Path

import polars as pl

from integrhealth.evidence import Evidence, read
from integrhealth.language.safe_text import no_formula
from integrhealth.language.schema import FOLDER, TIME
from integrhealth.reading.discovery import shown_path
from integrhealth.runner.footprint import Footprint

OWN = "own"
FRAMES = ("reports", "deliveries")
TOOL = "integrhealth"


def earlier_runs(out: Path) -> Evidence:
    """What the runs into the folder `out` wrote of themselves; nothing where there was none."""
    place = out / OWN
    if not place.is_dir():
        return Evidence()
    return read(place, show_people=True)


def within(before: Evidence, since: datetime | str | None, until: datetime | str | None) -> Evidence:
    """What lay in the folder between the two: nothing, not even the inventory row, where no run fell into them.

    A page that no run laid there then is no report that nobody gets.
    """
    laid = before.between(since, until)
    return laid if laid.deliveries.height else Evidence()


def written(site: Path, before: Evidence, *, out: Path, title: str, asked: Footprint, run_at: datetime) -> None:
    """Write the inventory row of the front page and the deliveries of all runs into the folder `site`.

    `asked` is the footprint of the front page. What a run knows is that it laid the page in the folder `out`: who
    opens it there, or gets it by mail, the logs of that server may tell.
    """
    place = site / OWN
    place.mkdir()
    name = no_formula(pl.lit(title))
    row = pl.select(report=name, tool=pl.lit(TOOL), words=pl.lit(asked.words), charts=pl.lit(asked.charts))
    delivery = pl.select(
        report=name,
        person=no_formula(pl.lit(shown_path(out.name))),
        at=pl.lit(run_at).cast(TIME),
        channel=pl.lit(FOLDER),
    )
    deliveries = pl.concat([before.deliveries.select(delivery.columns), delivery]).sort("at")
    for frame, rows in zip(FRAMES, (row, deliveries), strict=True):
        rows.write_csv(place / f"{frame}.csv", datetime_format="%Y-%m-%dT%H:%M:%SZ")
