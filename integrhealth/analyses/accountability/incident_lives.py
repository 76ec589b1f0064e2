"""The life of each incident: which team had it from when until when, who touched it first, and who repaired it.

Steps are in the order of time, those of one moment in the order of the log. A step without a team changes none: the
incident stays with the team that had it.
"""

import polars as pl

from integrhealth.language.schema import COUNT, FLAG, REPAIRED, TEXT, TIME

CLOSED = "closed"
REOPENED = r"(?i)^\s*re-?open"
# What says of an incident only that it was written down: nobody works at it yet.
OPENING = (
    r"(?i)^\W*(new|open(ed)?|creat(e|ed|ion)|report(ed)?|register(ed)?|logged|submitted|trigger(ed)?|detected)\W*$"
)
TOUCHES = {"incident": TEXT, "place": COUNT, "team": TEXT, "person": TEXT, "since": TIME, "until": TIME} | {
    "returned": FLAG
}
LIVES = {
    "incident": TEXT,
    "integration": TEXT,
    "object_id": TEXT,
    "priority": TEXT,
    "detected_at": TIME,
    "opened_by": TEXT,
    "held_at": TIME,
    "first_touch_at": TIME,
    "first_team": TEXT,
    "first_person": TEXT,
    "repaired_at": TIME,
    "fixed_by": TEXT,
    "fixed_person": TEXT,
    "closed_at": TIME,
    "last_at": TIME,
    "repairs": COUNT,
    "events": COUNT,
}


def touches(incident_events: pl.DataFrame) -> pl.DataFrame:
    """One row per stay of an incident with a team: incident, place (from 0), team, person, since, until, returned.

    A stay begins with the step that names another team than the step with a team before it, and lasts until the next
    one begins, the last one until the last step of the incident. ``person`` is the first one named in it.
    ``returned``: the team had the incident before.
    """
    held = _in_order(incident_events).drop_nulls("team")
    turns = held.group_by("incident", "place", maintain_order=True).agg(
        pl.col("team").first(), pl.col("person").drop_nulls().first(), since=pl.col("at").first(), last_at="last_at"
    )
    following = pl.col("since").shift(-1).over("incident")
    return turns.select(
        "incident",
        "place",
        "team",
        "person",
        "since",
        until=pl.coalesce(following, pl.col("last_at").list.first()),
        returned=~pl.struct("incident", "team").is_first_distinct(),
    ).cast(TOUCHES)


def incident_lives(incident_events: pl.DataFrame) -> pl.DataFrame:
    """One row per incident, in the order of detection: what it is about, and when who had, touched and repaired it.

    ``detected_at`` is the first step, of ``opened_by``; ``held_at`` the first with a team. ``first_touch_at``,
    ``first_team``, ``first_person``: the first step with a team or a person that says more than that the incident was
    written down, else the first after the one that says it, else this one. An incident is repaired by the last step
    that makes it resolved, solved, done, completed or closed and is not undone later: reopened incidents by the last
    repair, and ``repairs`` counts them all. ``fixed_by`` had it then, ``fixed_person`` among them; ``closed_at`` is the
    first step after it that closes it. Where the log has one moment only, or begins with the repair, the times of the
    repair stay: how long it took is not known. ``integration``, ``object_id`` and ``priority`` are the first named.
    """
    steps = _in_order(incident_events)
    over, step = pl.col("over"), pl.col("step")
    touch, repair = pl.col("touch"), pl.col("final") & (step == pl.col("final_step"))

    def first(column: str) -> pl.Expr:
        return pl.col(column).drop_nulls().first()

    lives = steps.group_by("incident").agg(
        first("integration"),
        first("object_id"),
        first("priority"),
        detected_at=pl.col("at").first(),
        opened_by=pl.col("team").first(),
        held_at=pl.col("at").filter(pl.col("team").is_not_null()).first(),
        first_touch_at=pl.col("at").filter(touch).first(),
        first_team=pl.col("team").filter(touch).first(),
        first_person=pl.col("person").filter(touch).first(),
        repaired_at=pl.col("at").filter(repair).first(),
        fixed_by=pl.col("holder").filter(repair).first(),
        fixed_person=pl.col("hand").filter(repair).first(),
        closed_at=pl.col("at").filter(pl.col("final") & pl.col("closes")).first(),
        last_at=pl.col("at").last(),
        repairs=(over & ~over.shift(fill_value=False)).sum(),
        events=pl.len(),
    )
    return lives.select(*LIVES).cast(LIVES).sort("detected_at", "incident")


def steps(incident_events: pl.DataFrame) -> pl.DataFrame:
    """One row per step, in the order of each incident, with ``touch``: it is more than that it was written down."""
    return _in_order(incident_events).select(*incident_events.columns, "touch")


def _in_order(events: pl.DataFrame) -> pl.DataFrame:
    """The steps, each with its ordinal and with what it is in the life of its incident.

    ``holder`` and ``hand`` are the team that has the incident and the last person named since it has it, ``place`` the
    ordinal of its stay; ``over``: the incident is repaired, ``final``: and stays so.
    """
    state, action = pl.col("state").str.to_lowercase().str.strip_chars(), pl.col("action").str.to_lowercase()
    repaired = (state.is_in(REPAIRED)).fill_null(False) | action.str.strip_chars().is_in(REPAIRED).fill_null(False)
    undone = state.is_not_null() | action.str.contains(REOPENED).fill_null(False)
    steps = events.sort("incident", "at", "log_file", "log_line", maintain_order=True).with_columns(
        step=pl.int_range(pl.len()).over("incident"),
        last_at=pl.col("at").last().over("incident"),
        holder=pl.col("team").forward_fill().over("incident"),
        over=pl.when(repaired).then(True).when(undone).then(False),
        closes=(state == CLOSED).fill_null(False) | (action == CLOSED).fill_null(False),
    )
    # Each window on its own: one inside another is worked out incident by incident.
    steps = steps.with_columns(
        over=pl.col("over").forward_fill().over("incident").fill_null(False),
        before=pl.col("holder").shift().over("incident"),
    )
    handed = (pl.col("holder") != pl.col("before")).fill_null(False)
    steps = steps.with_columns(handed=handed).with_columns(place=pl.col("handed").cum_sum().over("incident"))
    last_open = pl.col("step").filter(~pl.col("over")).max().over("incident").fill_null(-1)
    steps = steps.with_columns(
        hand=pl.col("person").forward_fill().over("incident", "place"),
        final_step=last_open + 1,
        final=pl.col("over") & (pl.col("step") > last_open),
    )
    return steps.with_columns(touch=_is_touch())


def _is_touch() -> pl.Expr:
    """Steps of somebody that say more than that the incident is there, and all after the first; that, if none does."""
    somebody = pl.col("team").is_not_null() | pl.col("person").is_not_null()
    says_new = pl.col("state").str.contains(OPENING).fill_null(False) | (
        pl.col("state").is_null() & pl.col("action").str.contains(OPENING).fill_null(False)
    )
    working = somebody & ((pl.col("step") > 0) | ~says_new)
    return working | (somebody & ~working.any().over("incident"))
