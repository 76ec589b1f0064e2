"""Who was blamed first, and who was it: one call on evidence per published table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.accountability.blame import cases, favourites, ledger, roots
from integrhealth.analyses.accountability.edges import ends
from integrhealth.analyses.accountability.questions import edges_of, lives_of, touches_of
from integrhealth.language.questions import question
from integrhealth.traces.cascades import cascade_members

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def blame_cases(evidence: "Evidence") -> pl.DataFrame:
    """One row per incident, as ``cases.cases``."""
    lives = lives_of(evidence)
    caused = evidence.caused if lives.height else evidence.caused.clear()
    measured = roots.measured_roots(lives, roots.failures(cascade_members(caused)))
    return cases.cases(lives, touches_of(evidence), measured, evidence.catalog.systems)


@question
def blame(evidence: "Evidence") -> pl.DataFrame:
    """One row per reporter, team blamed first and measured root: how often, wrongly, and what it cost, most days first.

    The reporter is the team of the first step of an incident; blamed is the first other team that had it, or the team
    of the system that it names. The root is the team (catalog) of the system in which more than half of the cascades
    began that the incident is about: those of its object in the 30 days before it, else of its integration in the day
    before. ``cases`` are the reporter's incidents with this root in which anybody was blamed, ``accused`` those in
    which it was this team; ``wrong`` = ``accused`` where it is not the root's. Share and interval (Wilson 1927) of
    wrong / cases, null under 10 cases (own). ``days_lost`` is how long wrongly blamed teams had them. Incidents without
    a measured root are unknown, never wrong: they are in ``blame_coverage`` alone.

    >>> ih.accountability.blame(evidence).select("reporter", "blamed", "root", "cases", "wrong").row(0)
    ('service', 'sales', 'warehouse', 26, 6)

    Columns: reporter, blamed, root (text); cases, wrong (count); low, high (number, share); days_lost (number, days);
    accused (count); wrong_share (number, share)
    """
    return ledger.blame(blame_cases(evidence))


@question
def accusations(evidence: "Evidence") -> pl.DataFrame:
    """One row per team blamed first and measured root, whoever reported it: the matrix of the wrongly accused.

    As ``blame``; rows of a team that is blamed for what is its own have no ``wrong``.

    >>> ih.accountability.accusations(evidence).select("blamed", "root", "cases", "wrong").row(0)
    ('sales', 'warehouse', 26, 6)

    Columns: blamed, root (text); cases, wrong (count); low, high (number, share); days_lost (number, days); accused
    (count); wrong_share (number, share)
    """
    return ledger.accusations(blame_cases(evidence))


@question
def wrongly_accused(evidence: "Evidence") -> pl.DataFrame:
    """One row per team that was blamed or was a root, most often wrongly blamed first: whether it is a favourite.

    Of ``cases``, incidents with another root that another team reported, it was blamed first in ``wrong``; another was
    blamed in ``overlooked`` of its own. ``expected``: so many at most, did every incident go at random to any team, or
    to one at an end of its integration or blamed in incidents of the same integration and priority. ``p_value``: the
    larger of that of 9,999 such assignments and of McNemar's test (1947). Verdicts: favourite (Holm 1979, over all
    teams), "no favourite", "not enough data" under 10 cases (own), "no system" (a team that owns none in the catalog
    can be no root).

    >>> ih.accountability.wrongly_accused(evidence).select("team", "verdict", "cases", "wrong").row(0)
    ('purchasing', 'no favourite', 104, 19)

    Columns: team, verdict (text); cases, wrong (count); wrong_share, low, high (number, share); expected (number,
    incidents); overlooked (count); p_value (number, probability); days_lost (number, days); mostly_root, mostly_by
    (text)
    """
    systems = evidence.catalog.systems
    connected = ends(edges_of(evidence), evidence.catalog.integrations)
    near = cases.candidates(blame_cases(evidence), connected, systems)
    return favourites.wrongly_accused(blame_cases(evidence), near, systems)


@question
def blame_coverage(evidence: "Evidence") -> pl.DataFrame:
    """One row, the whole: of how many incidents it can be said whether the first team blamed was the one.

    Each incident is one of: ``nobody_blamed`` (it stayed with its first team), ``no_root`` (none of its failures is in
    the data, or they began in several places), ``no_team`` (the catalog names no team for the root's system) and
    ``compared``. ``no_reporter`` of the compared began without a team: they are not in ``blame``. Share with its 95%
    interval (Wilson 1927).

    >>> ih.accountability.blame_coverage(evidence).select("incidents", "compared", "wrong").row(0)
    (111, 106, 90)

    Columns: incidents, nobody_blamed, no_root, no_team, compared, wrong (count); wrong_share, low, high (number,
    share); days_lost (number, days); no_reporter (count)
    """
    return ledger.coverage(blame_cases(evidence))
