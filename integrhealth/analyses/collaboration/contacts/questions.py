"""Who should talk, who does, and what flows between those who do not: one call on evidence per published table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.collaboration import team_contacts
from integrhealth.analyses.collaboration.contacts import bypassing, needs, sparking
from integrhealth.analyses.collaboration.contacts import pairs as pairing
from integrhealth.analyses.collaboration.questions import contacts_of, heard_teams_of, shown_teams_of
from integrhealth.language.questions import question

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def _owned(evidence: "Evidence") -> pl.DataFrame:
    declared = evidence.catalog
    return needs.teams_of_systems(declared.systems, declared.teams, shown_teams_of(evidence).select("team"))


@question
def _flows(evidence: "Evidence") -> pl.DataFrame:
    return needs.flows(evidence.outcomes, _owned(evidence), currency=_currency(evidence))


def _currency(evidence: "Evidence") -> str | None:
    return evidence.catalog.currency or needs.most_used_currency(evidence.messages)


@question
def pairs(evidence: "Evidence") -> pl.DataFrame:
    """One row per pair of teams that need to talk or do, those first that need to and do not.

    Needed: an integration joins their systems, by the catalog or the messages (the need matrix T_A T_D T_A' of Cataldo
    et al., CSCW 2006). ``contacts`` are conversations, meetings of up to 25 people, and ``tickets`` handed over, which
    are no talk. ``congruent``: a needed pair that spoke on one day of thirty at least (own); null where it need not, or
    nobody can tell, as of a team that the log of contacts never names. What flows on a day is what was delivered. Teams
    of fewer than five people, or of unknown size, are hidden.

    >>> ih.collaboration.pairs(evidence).filter("needed").height
    10

    Columns: team_a, team_b (text); needed (flag); contacts (count); congruent (flag); tickets, spoken_days (count);
    spoken_per_week (number, contacts per week); last_spoken_at (time); integrations (list of text);
    messages_per_day (number, messages per day); value_per_day (number, currency per day); currency (text)
    """
    declared = evidence.catalog
    return pairing.pairs(
        needs.needs(declared.integrations, evidence.messages, _owned(evidence)),
        _flows(evidence),
        contacts_of(evidence),
        team_contacts.watched(evidence.contacts, evidence.incident_events),
        heard=heard_teams_of(evidence),
        timezone=declared.timezone,
        currency=_currency(evidence),
    )


@question
def congruence(evidence: "Evidence") -> pl.DataFrame:
    """One row: the share of the pairs of teams that need to talk and do, with its interval; none where nobody can tell.

    An association and no promise: congruent work was resolved 32% faster in one company (Cataldo et al., CSCW 2006),
    and over 25 open projects nothing of the kind was seen (Mauerer et al., IEEE TSE 2022). Judged are pairs both of
    whose teams the log of contacts names, if only with themselves; the interval is Wilson's over these. ``unneeded``
    pairs talk without an integration; ``broadcasts`` are meetings of more than 25 people, which count as no contact;
    ``hidden_teams`` have fewer than five people, or nobody says how many.

    >>> ih.collaboration.congruence(ih.Evidence()).height
    0

    Columns: needed, judged, congruent (count); share, low, high (number, share); unneeded, days (count); since, until
    (time); broadcasts, hidden_teams (count)
    """
    declared = evidence.catalog
    return pairing.congruence(
        pairs(evidence),
        _talked(evidence),
        heard=heard_teams_of(evidence),
        broadcasts=team_contacts.broadcasts(evidence.contacts),
        hidden_teams=team_contacts.hidden_teams(evidence.contacts, evidence.incident_events, declared.teams),
    )


@question
def bypass(evidence: "Evidence") -> pl.DataFrame:
    """One row per pair of teams between whose systems messages flow: how much of it while they do not talk.

    A message is silent where its two teams had not spoken in the thirty days before it (own); a ticket handed over is
    no talk. ``share`` = silent value of the pair / value between all teams, and ``own_share`` / its own value; messages
    where nothing, and where nothing of the pair, has a value. ``value`` is what was delivered in ``currency``. Judged
    are messages from thirty days after the log of contacts begins until it ends, between teams that it names.
    ``days_since_contact`` and ``longest_silence_days`` are of that log; the first is null for a pair that never spoke
    in it. ``integration`` carried most silent messages.

    >>> ih.collaboration.bypass(ih.Evidence()).height
    0

    Columns: team_a, team_b (text); share (number, share); days_since_contact (number, days); own_share (number, share);
    messages, silent_messages (count); value, silent_value (number, currency); currency (text); longest_silence_days
    (number, days); integration (text)
    """
    flows = team_contacts.between(_flows(evidence), heard_teams_of(evidence))
    spoken = contacts_of(evidence).filter(team_contacts.is_spoken(pl.col("kind")))
    return bypassing.bypass(flows, spoken, _talked(evidence), currency=_currency(evidence))


@question
def bypass_index(evidence: "Evidence") -> pl.DataFrame:
    """One row: the share of all value between teams that flows while they do not talk; none where nobody can tell.

    The sum of the shares in ``bypass``: a count of all that was judged and no sample.

    >>> ih.collaboration.bypass_index(ih.Evidence()).height
    0

    Columns: share (number, share); messages, silent_messages (count); value, silent_value (number, currency); currency
    (text); pairs, silent_pairs (count); since, until (time)
    """
    return bypassing.bypass_index(bypass(evidence), _talked(evidence))


@question
def sparked(evidence: "Evidence") -> pl.DataFrame:
    """One row per pair of teams: red flags of reports that were followed by contact about them.

    A signal is a flag of a day in a report that a person of one team got and another team owns. It ``sparked`` a
    conversation where the two teams spoke within two working days of the catalog's time zone, and what they spoke about
    names the report, or a system or integration that the flag names; ``talked``: about anything, or nobody wrote down
    what. Teams of people are those of the systems that they own and of the tickets that they work on. The interval of
    the share is Wilson's (1927).

    >>> ih.collaboration.sparked(ih.Evidence()).height
    0

    Columns: team_a, team_b, source (text); signals, sparked, talked (count); share, low, high (number, share)
    """
    return _sparked(evidence, flag_signals(evidence))


@question
def flag_signals(evidence: "Evidence") -> pl.DataFrame:
    """One row per flag, day and pair of teams that it gave a reason to talk, as ``sparking.flag_signals``."""
    declared = evidence.catalog
    owners = pl.concat([declared.reports.select("report", "owner"), evidence.reports.select("report", "owner")])
    return sparking.flag_signals(
        evidence.deliveries,
        owners.drop_nulls().unique("report", keep="first", maintain_order=True),
        pl.concat([declared.systems["system"], declared.integrations["integration"]]),
        people=sparking.person_teams(
            declared.teams, declared.systems, evidence.incident_events, shown_teams_of(evidence).select("team")
        ),
        teams=declared.teams,
        timezone=declared.timezone,
    )


def sparked_by_findings(evidence: "Evidence", history: pl.DataFrame) -> pl.DataFrame:
    """One row per pair of teams, as ``sparked``: critical findings of earlier runs that were followed by contact.

    `history` has run_at, subject and severity of the findings, as the history of a report folder does. A signal is an
    integration between the systems of two teams, at the first run that had a critical finding about it.

    >>> columns = {"run_at": pl.Datetime("us", "UTC"), "subject": pl.String, "severity": pl.String}
    >>> ih.collaboration.sparked_by_findings(evidence, pl.DataFrame(schema=columns)).height
    0
    """
    return _sparked(evidence, sparking.finding_signals(history, evidence.catalog.integrations, _owned(evidence)))


def _sparked(evidence: "Evidence", signals: pl.DataFrame) -> pl.DataFrame:
    return sparking.sparked(signals, contacts_of(evidence), _talked(evidence), timezone=evidence.catalog.timezone)


def _talked(evidence: "Evidence") -> bypassing.Period | None:
    """The period of the log of who talks: tickets do not tell it."""
    return team_contacts.watched(evidence.contacts, evidence.incident_events.clear())
