"""Which failed messages belong together: each cascade is a root error and all that failed because of it."""

import polars as pl

from integrhealth.language.schema import is_failed
from integrhealth.traces.ancestry import NO_ROW, depths, roots


def cascade_members(caused: pl.DataFrame) -> pl.DataFrame:
    """One row per failed message, in the order of `caused`: its columns plus its place in its cascade.

    `caused` as ``traces.with_causes`` gives it. Every message belongs to the cascade of its first failed cause.
    ``root`` is the row of the cascade's root, ``below_root`` the links from there, ``ended_at`` when the failure was
    known, ``root_ended_at`` the same of the root.
    """
    failed = caused.filter(is_failed(pl.col("status"))).with_columns(ended_at=pl.coalesce("finished_at", "answered_at"))
    local = failed.select("row").with_row_index("local")
    cause = failed.select(row="cause_row").join(local, on="row", how="left", maintain_order="left")["local"]
    pointers = cause.cast(pl.Int64).fill_null(NO_ROW).to_numpy()
    top = pl.Series(roots(pointers)[0], dtype=pl.UInt32)
    return failed.with_columns(
        root=failed["row"].gather(top),
        root_ended_at=failed["ended_at"].gather(top),
        below_root=pl.Series(depths(pointers)[0], dtype=pl.Int64),
    )
