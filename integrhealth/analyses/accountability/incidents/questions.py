"""How incidents wander, who owned them, and what that goes with: one call on evidence per published table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.accountability.incidents import handing_over, owning, phases, wandering
from integrhealth.analyses.accountability.incidents import owner_effect as effects
from integrhealth.analyses.accountability.incidents.entering import entered
from integrhealth.analyses.accountability.questions import lives_of, touches_of
from integrhealth.language.questions import question

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def _passes(evidence: "Evidence") -> pl.DataFrame:
    return handing_over.passes(touches_of(evidence), lives_of(evidence), evidence.catalog.teams)


@question
def incidents(evidence: "Evidence") -> pl.DataFrame:
    """One row per incident, in the order of detection: where its time went, through whose hands, and who owned it.

    It was detected with its first step and ``entered_at`` with the first failed message behind it: of its object in
    the 30 days before, else of three or more in a row on its integration that reached to within a day of it. Between
    detection and repair it waits until a team has it (``wait``), is with teams that did not repair it (``search``) and
    with the one that did (``fix``), whenever they had it; ``confirm`` is from the repair to the closing. Of reopened
    incidents the last repair counts. A handover changes the team from one step that names one to the next, a return
    goes to a team that had the incident; ``ping_pong`` = returns / handovers (van der Aalst et al. 2005; BPI Challenge
    2013); ``handovers_to_repair`` and ``returns_to_repair`` leave out what is handed back to be confirmed and closed.
    ``owner`` is the one of the integration on that day; ``owned`` is null where nobody knows. Hours of what the
    log tells one moment of, or no team, are null.

    >>> ih.accountability.incidents(evidence).select("handovers", "returns").sum().row(0)
    (262, 26)

    Columns: incident (text); entered_at, detected_at (time); search_hours, fix_hours (number, hours); handovers,
    returns, teams (count); owner (text); owned (flag); integration, priority, state (text); unseen_hours, wait_hours,
    confirm_hours (number, hours); weeks_open (number, weeks); ping_pong (number, share); first_team, first_by,
    fixed_by (text); repairs, handovers_to_repair, returns_to_repair (count)
    """
    lives, catalog = lives_of(evidence), evidence.catalog
    owners = owning.owners_at(lives, catalog.integrations, catalog.systems, timezone=catalog.timezone)
    behind = entered(lives, evidence.outcomes if lives.height else evidence.messages.clear())
    return phases.incidents(lives, touches_of(evidence), entered=behind, owners=owners)


@question
def handovers(evidence: "Evidence") -> pl.DataFrame:
    """One row per pair of teams of which one handed incidents to the other, the most handovers first.

    ``returns``: those to a team that had the incident before. ``lost_hours``: how long the team that got them had them
    before the repair, where another team repaired them; incidents not repaired count none. Lines of support are those
    that the catalog names, never guessed from the name of a team.

    >>> ih.accountability.handovers(evidence).select("handovers", "returns").sum().row(0)
    (262, 26)

    Columns: from_team, to_team (text); handovers, returns, incidents (count); lost_hours (number, hours); from_line,
    to_line, returns_to_repair (count)
    """
    return handing_over.handovers(_passes(evidence))


@question
def support_lines(evidence: "Evidence") -> pl.DataFrame:
    """One row per pair of lines of support: how many incidents went up, sideways and back down.

    Lines are those of the teams in the catalog (``teams``: ``line``); handovers of other teams are left out.

    >>> ih.accountability.support_lines(evidence).height
    0

    Columns: from_line, to_line (count); direction (text); handovers, returns, incidents (count); lost_hours (number,
    hours)
    """
    return handing_over.lines(_passes(evidence))


@question
def incident_phases(evidence: "Evidence") -> pl.DataFrame:
    """One row per group of repaired incidents and phase: where their time went, from entering to closing.

    Groups (``by``) are all incidents, those with and without an owner, and those of each priority. ``hours`` and
    ``mean_hours`` add up over the phases, ``share`` is of the time from detection to repair; medians do not add up.

    >>> ih.accountability.incident_phases(evidence).filter(by="all")["phase"].to_list()
    ['unseen', 'wait', 'search', 'fix', 'confirm']

    Columns: by, group, phase (text); incidents (count); hours (number, hours); share (number, share); mean_hours,
    median_hours (number, hours)
    """
    return phases.by_phase(incidents(evidence))


@question
def wanderings(evidence: "Evidence", *, top: int = 10) -> pl.DataFrame:
    """One row per stay with a team of the `top` incidents that were longest with teams that did not repair them.

    ``part`` is search or fix until the last repair, as in `incidents`, then what came after it; who has an incident
    that is not repaired has it until the last step of the log.

    >>> ih.accountability.wanderings(evidence, top=1)["team"].to_list()
    ['service', 'sales', 'IT', 'sales', 'IT', 'finance', 'IT']

    Columns: incident, integration (text); place (count); team (text); since, until (time); days_since_detection, days
    (number, days); part (text); teams (count)
    """
    return wandering.wanderings(touches_of(evidence), lives_of(evidence), top=top)


@question
def owner_effect(evidence: "Evidence") -> pl.DataFrame:
    """Two rows: how much longer incidents without an owner are searched for, and how much longer they are repaired.

    Repaired incidents of the same priority are compared (Mann and Whitney 1947, over priorities van Elteren 1960).
    ``extra_hours`` is the shift between them (Hodges and Lehmann 1963) with its 95% interval, ``p_value`` that of 1,000
    permutations of the owners within each priority. An association: integrations differ in more than their owners. Who
    is an owner makes no repair longer, so where fix differs as well, other incidents are compared.

    >>> ih.accountability.owner_effect(evidence)["measure"].to_list()
    ['search_hours', 'fix_hours']

    Columns: measure (text); owned, ownerless (count); owned_median, ownerless_median, extra_hours, low, high (number,
    hours); p_value (number, probability); priorities, left_out (count); verdict (text)
    """
    return effects.owner_effect(incidents(evidence))


@question
def first_touches(evidence: "Evidence") -> pl.DataFrame:
    """One row per integration with an owner and incidents, the most first: how often the owner touched them first.

    The first touch is the first step of a team or person that says more than that the incident is new. It is by the
    owner where it is by the person of the catalog or by the team of a system that this person owns, so that logs
    without persons tell it as well. ``share`` has Wilson's interval (1927), and is null below ten incidents.

    >>> ih.accountability.first_touches(evidence).columns[:4]
    ['integration', 'owner', 'incidents', 'by_owner']

    Columns: integration, owner (text); incidents, by_owner, by_backup (count); share, low, high (number, share)
    """
    return owning.first_touches(incidents(evidence))
