"""Where the value of an exposure came from: the exposure of the sender, and so on back to where it was written.

Values are followed by messages and times, not by what they look like: what changed on its way has an origin too.
"""

import numpy as np
import polars as pl

from integrhealth.analyses.accountability.truth_home.exposures import ASOF, BROUGHT, PLACE, shown_by_others

# A value is not passed on more often without being kept anywhere (own; deeper traces are loops).
MOST_STEPS = 16


def with_senders(exposures: pl.DataFrame, linked: pl.DataFrame) -> pl.DataFrame:
    """`exposures` plus ``sender`` (the exposure of the system that sent the value), ``compared`` and ``changed``.

    The sender had the value in hand when it came: of those exposures the latest; else what it showed when the message
    was sent, and the value ``changed`` on its way, unless the sender had shown it at any time before (it came late), or
    another system showed it at that time (the sender passed on what it did not keep). ``compared``: of the sender some
    value is known. So what the sender had just before, or has just after, is no change. A sender that never showed the
    thing passed it on: there the one that sent it to that one is asked (``sent_by``), as the parents of messages say
    (`linked`).
    """
    shown = exposures.select("value", asked_place="place", time="in_hand_at", sender="exposure")
    present = exposures.select(asked_place="place", time="from_at", sender="exposure", value_before="value_hash")
    # Of what came at one moment the last stands.
    same = _asked(exposures, linked).sort("time", "exposure")
    same = same.join_asof(shown.sort("time", "sender"), on="time", by=["value", "asked_place"], **ASOF)
    other = (
        same.filter(pl.col("sender").is_null()).drop("sender").with_columns(time="asked_at").sort("time", "exposure")
    )
    other = other.join_asof(present.sort("time", "sender"), on="time", by="asked_place", **ASOF)
    new = pl.col("sender").is_not_null() & ~shown_by_others(other, exposures, after="asked_at")
    judged = pl.concat(
        [same.filter(pl.col("sender").is_not_null()), other.with_columns(changed=new)], how="diagonal"
    ).select(
        *("exposure", "sender", "changed", "value_before"),
        compared=pl.col("sender").is_not_null(),
        sent_by="asked",
    )
    return exposures.join(judged, on="exposure", how="left", maintain_order="left").with_columns(
        pl.col("compared", "changed").fill_null(False)
    )


def _asked(exposures: pl.DataFrame, linked: pl.DataFrame) -> pl.DataFrame:
    """What known messages brought: exposure, value, from_at, ``asked`` (who is asked for the value that was sent),
    ``asked_place`` (null: showed none), ``asked_at`` (as of when) and ``time``, until when it may have been in hand."""
    first = exposures.filter("first").select("thing", asked="system", asked_place="place", known_at="in_hand_at")
    above = linked.select(message_row="row", above="parent_row")
    parents = linked.select(above="row", source="source", target="target", sent_at="sent_at")
    frontier = exposures.filter(pl.col("source").is_not_null()).select(
        *("exposure", "thing", "value", "from_at", "message_row"),
        asked="source",
        asked_at="sent_at",
        time=pl.max_horizontal("from_at", "sent_at"),
    )
    every, answered = frontier.join(first, on=["thing", "asked"], how="left"), []
    for _ in range(MOST_STEPS):
        shown = frontier.join(first, on=["thing", "asked"], how="left")
        shows = (pl.col("known_at") <= pl.col("time")).fill_null(False)
        onwards = (
            shown.filter(~shows)
            .join(above, on="message_row")
            .join(parents, on="above")
            .filter(pl.col("target") == pl.col("asked"))
            .select(*frontier.columns[:4], message_row="above", asked="source", asked_at="sent_at", time="time")
        )
        answered.append(shown.join(onwards, on="exposure", how="anti"))
        frontier = onwards
        if frontier.is_empty():
            break
    answered = pl.concat(answered)
    return pl.concat([answered, every.join(answered, on="exposure", how="anti")])


def roots(exposures: pl.DataFrame) -> pl.Series:
    """The exposure with which the value of each began, as far back as senders are known; null where they go round.

    `exposures` as ``with_senders`` gives them, in the order of their numbers from 0.
    """
    own = np.arange(exposures.height)
    up = exposures["sender"].fill_null(-1).to_numpy()
    first = up < 0
    up = np.where(first, own, up)
    for _ in range(max(exposures.height, 1).bit_length()):  # twice as far back each time
        up = up[up]
    return pl.Series("root", np.where(first[up], up, -1), dtype=pl.Int64).replace(-1, None)


def with_roots(exposures: pl.DataFrame) -> pl.DataFrame:
    """`exposures` plus ``began_in``, ``began_at`` and ``begun``: where and when the value was written.

    ``begun`` is false where the way back ends at a message whose sender is not known, or goes round; where it ends at
    a known sender of which no value is known, it began there, nobody knows when.
    """
    root = roots(exposures)
    first = exposures.select(
        root="exposure",
        began_in=pl.when(pl.col("came") == BROUGHT).then("sent_by").otherwise("system"),
        began_at=pl.when(pl.col("came") != BROUGHT).then("from_at"),
    )
    return (
        exposures.with_columns(root=root)
        .join(first, on="root", how="left", maintain_order="left")
        .with_columns(begun=pl.col("began_in").is_not_null())
    )


def present_values(exposures: pl.DataFrame) -> pl.DataFrame:
    """The exposures that stand to the end: what each system shows now."""
    return exposures.filter(pl.col("until_at").is_null()).sort(PLACE)
