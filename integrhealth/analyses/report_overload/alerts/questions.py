"""How many alerts reach whom, and which led to an action: one call on evidence per published table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.report_overload.alerts import causes, load, received
from integrhealth.analyses.report_overload.questions import deliveries_of, reads_of
from integrhealth.language.questions import question

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def _alerts(evidence: "Evidence") -> pl.DataFrame:
    rows = received.alerts_of(deliveries_of(evidence), reads_of(evidence), evidence.incident_events)
    return causes.repeated(rows, timezone=evidence.catalog.timezone)


@question
def alerts(evidence: "Evidence") -> pl.DataFrame:
    """One row per source and cause of alerts, the most alerts first: how often it came up, and who did something.

    Alerts are deliveries by a channel of that name, else the incidents of tools that alert people. A cause is the text
    of the alert without its numbers, or the integration of the incident, else itself; its alerts are one episode while
    the next follows within five hours (own; just above the four after which Prometheus Alertmanager tells again).
    ``repeats`` told a person again of the same episode; without them there is one message per cause.
    ``actionable_share`` = episodes that somebody acted on / all, with its interval (Wilson 1927), null where no action
    was logged. ``night``: from 22 to 6.

    >>> ih.report_overload.alerts(evidence).height
    0

    Columns: source, cause (text); alerts, people, episodes, repeats (count); repeat_share (number, share); acted,
    ignored (count); actionable_share, low, high (number, share); night (count); first_at, last_at (time)
    """
    return causes.by_cause(_alerts(evidence))


@question
def alert_people(evidence: "Evidence") -> pl.DataFrame:
    """One row per person who got an alert, the most alerts first.

    Days and nights are those of the catalog's time zone, a night from 22 to 6 of the clock; ``days`` and ``nights`` are
    those with an alert, ``per_day`` the mean over these days.

    >>> ih.report_overload.alert_people(evidence).height
    0

    Columns: person (text); alerts, days (count); per_day (number, alerts per day); busiest_day, repeats, acted, night,
    nights, busiest_night (count)
    """
    return load.by_person(_alerts(evidence))


@question
def alert_hours(evidence: "Evidence") -> pl.DataFrame:
    """One row per hour of the day in the catalog's time zone: the alerts in it, from 0 to 23.

    >>> ih.report_overload.alert_hours(evidence).height
    0

    Columns: hour, alerts, repeats, people (count); night (flag)
    """
    return load.by_hour(_alerts(evidence))


@question
def alert_totals(evidence: "Evidence") -> pl.DataFrame:
    """One row, all alerts together: per person and day, how many led to an action, and how often nights were broken.

    ``nights`` are those from the first alert to the last, ``disturbed`` those with an alert; in those ``overloaded``
    somebody got more than two, the most that a shift should bring (Beyer et al., Site Reliability Engineering 2016).

    >>> ih.report_overload.alert_totals(evidence).height
    0

    Columns: alerts, people, person_days (count); per_person_day (number, alerts per day); episodes, repeats (count);
    repeat_share (number, share); acted, ignored (count); actionable_share, low, high (number, share); night, nights,
    disturbed, overloaded (count)
    """
    return load.in_all(_alerts(evidence))
