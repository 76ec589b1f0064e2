"""No team of fewer than five people, or of unknown size, is in anything that is said of go-lives and rituals."""

import json
from dataclasses import replace
from datetime import timedelta
from itertools import combinations

import polars as pl
from drawing import rituals as drawn
from drawing.go_lives import LIVE, declared, talks
from drawing.teams import company
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from integrhealth.analyses.collaboration.charts.golive import golive_contact
from integrhealth.analyses.collaboration.charts.rituals import ritual_calendar
from integrhealth.analyses.collaboration.golive.findings import silent_golives
from integrhealth.analyses.collaboration.golive.questions import golive, golive_weeks
from integrhealth.analyses.collaboration.rituals.findings import ritual_findings
from integrhealth.analyses.collaboration.rituals.questions import ritual_weeks, rituals

# Names that are in no word of the kit.
TEAMS = ("Xanthe", "Ysolde", "Zebulon", "Quirin", "Jocasta", "Kjeld")
EVERY = list(combinations(TEAMS, 2))


def answers(evidence):
    """All that is said: tables, findings, and the data of the charts."""
    catalog = evidence.catalog
    tables = [golive(evidence), golive_weeks(evidence), rituals(evidence), ritual_weeks(evidence)]
    raised = [silent_golives(tables[0], integrations=catalog.integrations), *ritual_findings(tables[2], named=True)]
    charts = [golive_contact(*tables[:2]), ritual_calendar(tables[3])]
    return [*tables, *raised], json.dumps([chart.to_dict() for chart in charts])


@settings(max_examples=4, deadline=None)
@given(
    sizes=st.lists(st.sampled_from([None, 0, 1, 4, 5, 9]), min_size=6, max_size=6),
    weekly=st.lists(st.integers(0, 4), min_size=15, max_size=15),
    ends=st.lists(st.booleans(), min_size=15, max_size=15),
)
def test_nothing_is_said_of_a_small_team_and_nothing_depends_on_it(sizes, weekly, ends):
    people = dict(zip(TEAMS, sizes, strict=True))
    small = {team for team, size in people.items() if size is None or size < 5}
    counts = {
        pair: [count] * 14 + [0 if end else count] * 6 for pair, count, end in zip(EVERY, weekly, ends, strict=True)
    }
    met = drawn.contacts(*(drawn.meeting(LIVE + timedelta(days=7 * n + 1), TEAMS) for n in range(-6, 4)))
    every = pl.concat([talks(counts), met])
    lives = {f"link {number}": (*pair, LIVE) for number, pair in enumerate(EVERY[::4])}
    gathering = drawn.declared(("weekly alignment", "tuesday", TEAMS)).rituals
    catalog = replace(declared(lives, people=people), rituals=gathering)
    tables, charts = answers(company(contacts=every, catalog=catalog))
    said = charts + "".join(str(table.to_dicts()) for table in tables)
    assert [team for team in small if team in said] == []
    visible = every.filter(~pl.any_horizontal(pl.col("team_a", "team_b").is_in(list(small))))
    # What the log is from and until is no secret: two teams that are shown mark it.
    edges = every.filter((pl.col("at") == pl.col("at").min()) | (pl.col("at") == pl.col("at").max()))
    without = pl.concat([visible, edges]).unique()
    for table, same in zip(tables, answers(company(contacts=without, catalog=catalog))[0], strict=True):
        assert_frame_equal(table, same)
