"""Where the value of an exposure came from: the exposure of the sender, and so on back to where it was written.

Values are followed by messages and times, not by what they look like: what changed on its way has an origin too.
"""

import numpy as np
import polars as pl

from integrhealth.analyses.accountability.truth_home.exposures import ASOF, BROUGHT, PLACE, shown_by_others


def with_senders(exposures: pl.DataFrame) -> pl.DataFrame:
    """`exposures` plus ``sender`` (the exposure of the system that sent the value), ``compared`` and ``changed``.

    The sender had the value in hand when it came: of those exposures the latest; else what it showed when the message
    was sent, and the value ``changed`` on its way, unless the sender had shown it at any time before (it came late), or
    another system showed it at that time (the sender passed on what it did not keep). ``compared``: of the sender some
    value is known. So what the sender had just before, or has just after, is no change.
    """
    shown = exposures.select("thing", source="system", value_hash="value_hash", time="in_hand_at", same="exposure")
    present = exposures.select("thing", source="system", time="from_at", present="exposure", before="value_hash")
    # Of what came at one moment the last stands.
    came = exposures.filter(pl.col("source").is_not_null())
    same = came.with_columns(time="from_at").sort("time", "exposure")
    same = same.join_asof(shown.sort("time", "same"), on="time", by=["thing", "source", "value_hash"], **ASOF)
    then = same.with_columns(time="sent_at").sort("time", "exposure")
    then = then.join_asof(present.sort("time", "present"), on="time", by=["thing", "source"], **ASOF).sort("exposure")
    new = pl.col("same").is_null() & pl.col("present").is_not_null()
    then = then.with_columns(elsewhere=shown_by_others(then, exposures, after="sent_at"))
    judged = then.select(
        "exposure",
        sender=pl.coalesce("same", "present"),
        compared=pl.col("same").is_not_null() | pl.col("present").is_not_null(),
        changed=new & ~pl.col("elsewhere"),
        value_before=pl.when(new).then("before"),
    )
    return exposures.join(judged, on="exposure", how="left", maintain_order="left").with_columns(
        pl.col("compared", "changed").fill_null(False)
    )


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
        began_in=pl.when(pl.col("came") == BROUGHT).then("source").otherwise("system"),
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
