"""What people say an integration is for, and what only people can say: one call on evidence per published table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.audit.five_questions import practices as together
from integrhealth.analyses.audit.five_questions import questionnaire as to_ask
from integrhealth.analyses.audit.five_questions import sheet
from integrhealth.analyses.audit.five_questions.problem_sentences import problem_verdicts
from integrhealth.language.period import last_moment, local_day
from integrhealth.language.questions import question

if TYPE_CHECKING:
    from datetime import date

    from integrhealth.evidence import Evidence


def _today(evidence: "Evidence") -> "date | None":
    """The last day of the evidence, on the calendar of the company."""
    last = last_moment(evidence.messages["sent_at"], evidence.metrics["time"], evidence.contacts["at"])
    return None if last is None else pl.select(local_day(pl.lit(last), evidence.catalog.timezone)).item()


@question
def five_questions(evidence: "Evidence") -> pl.DataFrame:
    """One row per integration of the catalog: what it says to the five questions asked before anything is connected.

    What problem, who benefits and how, what failure costs, who owns it, how success is measured; ``answered`` counts
    those of which nothing is ``lacking``. The problem is a text check by English, German and Spanish word lists, which
    a person judges: ``states a problem``, ``sent back`` with the question that it leaves open, or ``missing``.

    >>> ih.audit.five_questions(evidence).height == evidence.catalog.integrations.height
    True

    Columns: integration (text); answered (count); problem, problem_verdict (text); stated (flag); sent_back,
    beneficiary (text); interviewed_on (date); decision, fallback (text); tolerance_minutes (number); error_cost,
    delay_cost_per_hour (number, catalog's currency); owner, backup, success_metric (text); success_baseline,
    success_target (number, unit of the metric); success_due, success_declared_on (date); lacking (list of text)
    """
    declared = evidence.catalog.integrations
    return sheet.five_questions(declared, problem_verdicts(declared))


@question
def practices(evidence: "Evidence") -> pl.DataFrame:
    """One row per rotation, celebration, interview or act of leadership that the catalog names, the latest first.

    They are asked and dated, and nothing is scored by them. ``days_ago`` lie between the day and the last of the
    evidence. Teams of which the catalog does not say that they have five people or more are not named, only counted
    (``small_teams``).

    >>> ih.audit.practices(evidence).height == evidence.catalog.practices.height
    True

    Columns: kind, practice (text); teams (list of text); small_teams (count); on (date); days_ago (count, days); by
    (text)
    """
    catalog = evidence.catalog
    return together.practices(catalog.practices, catalog.teams, today=_today(evidence))


@question
def questionnaire(evidence: "Evidence") -> pl.DataFrame:
    """One row per question that only people can answer, to be filled in; none where the catalog has no integrations.

    The fourteen of the audit with the last claim, what brings people together with the last that was, and of each
    integration what the five questions lack. Filled in, ``five_questions.questionnaire.as_catalog`` makes lines for
    the catalog of it.

    >>> ih.audit.questionnaire(evidence).filter(section="audit").height
    14

    Columns: section (text); question (count); subject, key, asks, claimed, answer, teams, by, on (text)
    """
    asked = to_ask.questionnaire(five_questions(evidence), evidence.catalog.audit, practices(evidence))
    return asked if evidence.catalog.integrations.height else asked.clear()
