"""Whether the meetings that were agreed on are held: one call on evidence per table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.collaboration import team_contacts
from integrhealth.analyses.collaboration.questions import contacts_of, heard_teams_of, shown_teams_of
from integrhealth.analyses.collaboration.rituals import holding, meetings
from integrhealth.language.questions import question

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def _declared(evidence: "Evidence") -> pl.DataFrame:
    declared = evidence.catalog
    return meetings.declared_rituals(
        declared.rituals,
        declared.teams,
        shown_teams_of(evidence).select("team"),
        heard_teams_of(evidence).select("team"),
    )


@question
def _meetings(evidence: "Evidence") -> pl.DataFrame:
    return meetings.meeting_days(contacts_of(evidence), timezone=evidence.catalog.timezone)


def meetings_are_named(evidence: "Evidence") -> bool:
    """Whether any meeting between two teams says what it is about."""
    return not _meetings(evidence).is_empty()


@question
def rituals(evidence: "Evidence") -> pl.DataFrame:
    """One row per ritual of the catalog of which two teams at least are shown, the least held first.

    ``planned``: weeks with its weekday between the first and the last contact, in the time zone of the catalog; what
    the catalog knows no day of, such as public holidays, is planned as well. ``held``: weeks with a meeting about its
    name (in any case) between two teams, ``moved`` on another day than its own; ``complete``: all its ``teams`` were
    there on one day, a row of contacts showing both its teams; null where one is in no contact at all. ``share`` =
    held / planned, with the interval of Wilson (1927). Of a ritual that no meeting names the meetings are those of the
    same series that brought all its teams together on its weekday most often, twice at least (``recognised_by``
    series). A meeting of more than 25 people is a broadcast: ``broadcasts`` are weeks with no other. ``missing_team``
    was absent most often, in ``missing_weeks`` of the weeks in which it was held. Teams of fewer than five people are
    neither required nor shown. ``verdict``: ``held`` from 75% on, ``skipped`` where certainly less, else
    ``cannot tell``; ``never seen`` where no meeting is about it and no other ritual is named either.

    >>> ih.collaboration.rituals(ih.Evidence()).height
    0

    Columns: ritual (text); planned, held, complete (count); share, low, high (number, share of planned weeks); moved,
    broadcasts (count); missing_team (text); missing_weeks (count); last_held_at (time); teams (list of text);
    recognised_by, verdict (text)
    """
    if evidence.contacts.is_empty():
        return pl.DataFrame(schema=holding.HOLDING)
    return holding.holding(_declared(evidence), ritual_weeks(evidence))


@question
def ritual_weeks(evidence: "Evidence") -> pl.DataFrame:
    """One row per ritual and week for which it was planned: held with all its teams, without some, or skipped.

    ``planned_on`` is the day of its weekday. ``moved``: held on another day of the week; ``broadcast``: only a meeting
    of more than 25 people was about it; ``missing``: teams that were not there on the day on which most were.

    >>> ih.collaboration.ritual_weeks(ih.Evidence()).height
    0

    Columns: ritual (text); planned_on (date); state (text); held, complete, moved, broadcast (flag); missing (list of
    text); held_at (time); recognised_by (text)
    """
    declared, timezone = _declared(evidence), evidence.catalog.timezone
    return holding.ritual_weeks(
        declared,
        meetings.held_days(declared, _meetings(evidence)),
        meetings.broadcast_days(declared, evidence.contacts, timezone=timezone),
        team_contacts.watched(evidence.contacts, evidence.incident_events.clear()),
        timezone=timezone,
    )
