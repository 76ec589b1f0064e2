"""What became of the contact between two teams when an integration went live: one call on evidence per table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.collaboration import team_contacts
from integrhealth.analyses.collaboration.contacts import needs
from integrhealth.analyses.collaboration.golive import changes
from integrhealth.analyses.collaboration.questions import contacts_of, shown_teams_of
from integrhealth.language.questions import question

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def golive(evidence: "Evidence") -> pl.DataFrame:
    """One row per integration with a go-live between systems of two teams, the largest loss of contact first.

    ``before`` and ``after``: contacts per week of the two teams in up to twelve weeks on each side of ``go_live``, the
    date of the catalog; the first message of a log is no go-live. Whole weeks in the log of contacts, three at least on
    each side; handed-over tickets are no talk. ``effect``: by which part contact changed beside that of all
    ``controls``, the pairs of teams between which nothing went live in these weeks and whose contact changed by
    ``control_change`` (a difference of differences of logarithms: what halves everybody's contact is no effect).
    ``low`` and ``high``: the factors that orders of the weeks do not rule out, 95% (permutation); ``high`` is null
    where nothing bounds it. ``alike``: how many other pairs changed as much, for as few contacts. An association and no
    cause. ``verdict``: ``fell`` or ``rose`` where the interval leaves out zero and at most one in twenty other pairs is
    alike, ``cannot tell`` where more are, or fewer than three pairs had no go-live.

    >>> ih.collaboration.golive(ih.Evidence()).height
    0

    Columns: integration, team_a, team_b (text); before, after (number, contacts per week); effect, low, high (number,
    relative change); go_live (date); weeks_before, weeks_after, contacts_before, contacts_after, controls (count);
    control_change (number, relative change); alike (count); p_value (number, probability); verdict (text)
    """
    return changes.golive(*_asked(evidence), timezone=evidence.catalog.timezone)


@question
def golive_weeks(evidence: "Evidence") -> pl.DataFrame:
    """One row per go-live and whole week around it: contacts of its two teams, and of all pairs without a go-live.

    Week 0 begins with the day of the go-live; weeks before it are negative. ``others`` adds the contacts of all
    ``controls`` of ``golive``.

    >>> ih.collaboration.golive_weeks(ih.Evidence()).height
    0

    Columns: integration, team_a, team_b (text); go_live (date); week, contacts, others (count)
    """
    return changes.golive_weeks(*_asked(evidence), timezone=evidence.catalog.timezone)


def _asked(evidence: "Evidence") -> tuple[pl.DataFrame, pl.DataFrame, changes.Period | None]:
    """The go-lives, what people said to each other, and the period in which somebody wrote that down."""
    declared = evidence.catalog
    owned = needs.teams_of_systems(declared.systems, declared.teams, shown_teams_of(evidence).select("team"))
    return (
        changes.go_lives(declared.integrations, owned),
        contacts_of(evidence).filter(team_contacts.is_spoken(pl.col("kind"))),
        team_contacts.watched(evidence.contacts, evidence.incident_events.clear()),
    )
