"""What the tables say of people: what an integration is for, who owns it, who reads, and who talks."""

from datetime import timedelta

import polars as pl

from integrhealth.analyses.audit.answers.measured import (
    NO,
    PARTIAL,
    YES,
    Measured,
    Tables,
    asked,
    counts,
    graded,
    share,
    unmeasured,
)
from integrhealth.analyses.audit.five_questions.problem_sentences import MISSING, STATED
from integrhealth.language.thresholds import (
    FLOOD_BEARABLE,
    FLOOD_FREE,
    MIN_HISTORY_DAYS,
    RITUALS_HELD,
    TEAMS_CONGRUENT,
    USED_DAYS,
)

OWNED, TEAM_ONLY, NEVER_ANSWERED, UNKNOWN = "owned", "team only", "never answered", "cannot tell"
NO_CATALOG = "no catalog names the integrations"
JUDGED_OUTCOMES = ("met", "improving", "no change", "worse", "not declared before go-live")


def problem_stated(tables: Tables) -> Measured:
    """Question 1. Yes: the sentence of every integration passes the check of text; partial: each has one."""
    sheet = asked(tables, "audit.five_questions")
    if sheet is None:
        return unmeasured(NO_CATALOG)
    words = counts(sheet, "problem_verdict")
    good, written = words.get(STATED, 0), sheet.height - words.get(MISSING, 0)
    said = (
        f"audit.five_questions: {good:,} of {sheet.height:,} state a problem in one sentence, {written:,} have a text"
    )
    answer = graded(yes=good == sheet.height, partly=written == sheet.height)
    why = "whether the sentence is true only a person can say"
    return Measured(answer, why, (said,), sheet.height, silent=written == 0)


def beneficiary_served(tables: Tables) -> Measured:
    """Question 2. Yes: each integration names who benefits, and delivered in the last 30 days; partial: named only."""
    declared, seen = asked(tables, "catalog.integrations"), asked(tables, "messages.delivered")
    if declared is None:
        return unmeasured(NO_CATALOG)
    with_one = declared.filter(pl.col("beneficiary").is_not_null())
    said = [f"catalog.integrations: {with_one.height:,} of {declared.height:,} name a beneficiary"]
    used = briefly = 0
    if seen is not None:
        # What was seen for a few days only may be no regular traffic, or the log does not reach further.
        brief = pl.col("last_at") - pl.col("first_at") < timedelta(days=MIN_HISTORY_DAYS)
        recent = pl.col("last_at") >= seen["last_at"].max() - timedelta(days=USED_DAYS)
        used, briefly = (
            with_one.join(seen.filter(condition), on="integration", how="semi").height
            for condition in (recent, brief & ~recent)
        )
        said.append(
            f"messages: {used:,} of these delivered in the last {USED_DAYS} days, {briefly:,} too briefly to tell"
        )
    everybody = with_one.height == declared.height
    why = "in use is what still delivers; whether it serves them only the beneficiaries can say"
    in_use = used > 0 and used + briefly == declared.height
    answer = graded(yes=everybody and in_use, partly=everybody)
    return Measured(answer, why, (*said,), declared.height, silent=with_one.is_empty())


def owner_answers(tables: Tables) -> Measured:
    """Question 3. Yes: each has a person and a backup, who touched their incidents; partial: somebody, or a team."""
    owners, declared = asked(tables, "accountability.owners"), asked(tables, "catalog.integrations")
    if owners is None or (declared is None and owners["named_by"].null_count() == owners.height):
        return unmeasured("nobody said who owns anything")
    of = counts(owners, "verdict")
    backed = owners.filter(pl.col("verdict") == OWNED, pl.col("backup").is_not_null(), ~pl.col("stale"))
    somebody = sum(of.get(verdict, 0) for verdict in (OWNED, TEAM_ONLY, NEVER_ANSWERED, UNKNOWN))
    said = (
        f"accountability.owners: {of.get(OWNED, 0):,} of {owners.height:,} have a person who answers, "
        f"{backed.height:,} a backup as well, {owners.height - somebody:,} nobody"
    )
    answer = graded(yes=backed.height == owners.height, partly=somebody == owners.height)
    return Measured(answer, "a team or a mailbox is no person", (said,), owners.height)


def reports_serve(tables: Tables) -> Measured:
    """Question 11. Yes: as many minutes as the reports need are spent, and each serves a decision; partial: up to 3."""
    people, reports = asked(tables, "report_overload.people"), asked(tables, "report_overload.reports")
    if people is None or reports is None:
        return unmeasured("needs reports, deliveries and reads")
    timed = people.filter(pl.col("needed_minutes").is_not_null(), pl.col("spent_minutes").is_not_null())
    needed, spent = ((timed[each] * timed["days"]).sum() for each in ("needed_minutes", "spent_minutes"))
    if timed.is_empty() or needed == 0:
        return unmeasured("nobody knows how long the reports are, or how long they are read")
    ratio = needed / spent if spent else None
    decided = reports.filter(pl.col("decisions").list.len() > 0).height
    orphans = reports.filter(pl.col("decisions").list.len() == 0, ~pl.col("statutory").fill_null(False)).height
    flood = f"they need {ratio:,.2f} times the minutes spent" if ratio else "nobody spends a minute on them"
    said = (
        f"report_overload.people: {flood}",
        f"report_overload.reports: {orphans:,} of {reports.height:,} serve no decision"
        if decided
        else "report_overload.reports: nobody wrote down which decisions they serve",
    )
    bearable = ratio is not None and ratio <= FLOOD_BEARABLE
    whole = ratio is not None and ratio <= FLOOD_FREE and decided > 0 and orphans == 0
    why = "read is what somebody spends time on; a statutory report needs no decision"
    return Measured(graded(yes=whole, partly=bearable), why, said, int(reports["deliveries"].sum()))


def metric_improved(tables: Tables) -> Measured:
    """Question 13. Yes: each integration has a metric set in advance, which met its target; partial: one improves."""
    outcomes = asked(tables, "audit.outcomes")
    judged = None if outcomes is None else outcomes.filter(pl.col("verdict").is_in(JUDGED_OUTCOMES))
    if judged is None or judged.is_empty():
        return unmeasured("needs a success metric with baseline, target and day of declaration, and its values")
    of = counts(judged, "verdict")
    said = "audit.outcomes: " + ", ".join(f"{of[word]:,} {word}" for word in JUDGED_OUTCOMES if word in of)
    met, better = of.get("met", 0), of.get("improving", 0)
    answer = graded(yes=met == judged.height, partly=met + better > 0)
    silent = judged["metric"].null_count() == judged.height
    return Measured(answer, "an effect is an association in time", (said,), judged.height, silent=silent)


def teams_talk(tables: Tables) -> Measured:
    """Question 14. Yes: needed pairs talk, the ritual is held and a KPI is shared; partial: one of these."""
    parts = [part for part in (_pairs(tables), _rituals(tables), _shared(tables)) if part is not None]
    if not parts:
        return unmeasured("needs contacts, rituals in the catalog, or stages of orders")
    good = sum(fine for fine, _, _ in parts)
    said = tuple(text for _, text, _ in parts)
    absent = 3 - len(parts)
    why = f"of three, {good} held" + (f" and {absent} could not be told" if absent else "")
    return Measured(YES if good == 3 else PARTIAL if good else NO, why, said, sum(n for _, _, n in parts))


def _pairs(tables: Tables) -> tuple[bool, str, int] | None:
    pairs = asked(tables, "collaboration.pairs")
    judged = None if pairs is None else pairs.filter("needed", pl.col("congruent").is_not_null())
    if judged is None or judged.is_empty():
        return None
    talking = judged["congruent"].sum()
    said = f"collaboration.pairs: {talking:,} of {judged.height:,} pairs of teams that need to talk do"
    return talking / judged.height >= TEAMS_CONGRUENT, said, judged.height


def _rituals(tables: Tables) -> tuple[bool, str, int] | None:
    rituals = asked(tables, "collaboration.rituals")
    planned, held = (0, 0) if rituals is None else (rituals["planned"].sum(), rituals["held"].sum())
    if not planned:
        return None
    said = f"collaboration.rituals: held {held:,} times of {planned:,} ({share(held / planned)})"
    return held / planned >= RITUALS_HELD, said, planned


def _shared(tables: Tables) -> tuple[bool, str, int] | None:
    kpi = asked(tables, "collaboration.joint_kpi")
    judged = None if kpi is None else kpi.filter(pl.col("points").is_not_null())
    if judged is None or judged.is_empty():
        return None
    said = f"collaboration.joint_kpi: on-time delivery is split over {judged.height:,} departments"
    return True, said, judged.height
