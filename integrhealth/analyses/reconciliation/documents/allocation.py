"""How much of a line belongs to each of the lines that it follows, so that every piece counts once."""

import polars as pl

from integrhealth.language.thresholds import MOST_ALLOCATIONS, MOST_DOCUMENT_STEPS, QUANTITY_TOLERANCE

SPLIT = {
    "node": pl.UInt32,
    "pred": pl.UInt32,
    "quantity": pl.Float64,
    "amount": pl.Float64,
    "part": pl.Float64,
    "created_at": pl.Datetime("us", "UTC"),
}
MEASURES = ("quantity", "amount")


def split(lines: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """One row per piece of a line and the line it follows (SPLIT); ``part`` is its share of the piece.

    A row that follows one line is that line's. A piece that follows several is split: what can only belong to one line
    goes there first, then the pieces by age, each in proportion to what is then open on the lines it follows (their
    quantity less what others of its type took; of a reversal what they took), or else to their quantity; money likewise
    by amounts. Where quantities are unknown the amounts decide, and equal parts where these are too.
    """
    pieces, steps = _pieces(lines, links)
    loose = lines.join(links.select("node").unique(), on="node", how="anti")
    sizes = _sizes(pl.concat([each.select("node", *MEASURES) for each in (pieces, loose)]))
    joined = steps.join(pieces, on="piece").join(sizes, on="pred", how="left")
    alone = pl.len().over("piece") == 1
    certain = joined.filter(alone).with_columns(quantity_part=pl.lit(1.0), amount_part=pl.lit(1.0))
    shared = joined.filter(~alone)
    parts = pl.concat([certain, _shared(shared, certain)], how="diagonal").select(
        "node",
        "pred",
        *(pl.col(measure) * pl.col(f"{measure}_part") for measure in MEASURES),
        "created_at",
        part="quantity_part",
    )
    return parts.select(*SPLIT).cast(SPLIT).sort(*SPLIT, nulls_last=True)


def _pieces(lines: pl.DataFrame, links: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The pieces that are to be split, and piece, pred of each line that they follow.

    A piece is a row; rows of a line that each tell the whole (``_telling_the_whole``) are one piece.
    """
    rows = lines.join(links.select("row").unique(), on="row", how="semi", maintain_order="left")
    whole = _telling_the_whole(rows, lines, links).with_columns(whole=pl.lit(True))
    numbered = rows.join(whole, on="node", how="left", maintain_order="left")
    piece = pl.when(pl.col("whole")).then(pl.col("row").min().over("node")).otherwise("row")
    numbered = numbered.with_columns(piece=piece)
    steps = links.join(numbered.select("row", "piece"), on="row").select("piece", "pred").unique()
    pieces = numbered.filter(pl.col("piece") == pl.col("row")).select(
        "piece", "node", "type", "document", "line", *MEASURES, "created_at"
    )
    return pieces, steps


def _telling_the_whole(rows: pl.DataFrame, lines: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """node of the lines whose rows say the same of several lines or documents each, and more than these could take.

    How much a line can take may hang on the same question about it: first each is taken to tell the whole, then those
    that fit as parts are parts, which makes room for others, until no more do.
    """
    said = ("quantity", "amount", "created_at")
    alike = rows.group_by("node").agg(
        rows=pl.len(),
        followed=pl.struct("preceding", "preceding_line").n_unique(),
        same=pl.struct(said).n_unique() == 1,
        **{each: pl.col(each).first() for each in MEASURES},
    )
    whole = alike.filter("same", pl.col("rows") > 1, pl.col("followed") == pl.col("rows"))
    fits = [
        pl.col(measure).abs() * pl.col("rows") <= pl.col(f"{measure}_size") * (1 + QUANTITY_TOLERANCE)
        for measure in MEASURES
    ]
    for _ in range(MOST_DOCUMENT_STEPS):
        once = pl.concat(
            [
                lines.join(whole, on="node", how="anti").select("node", *MEASURES),
                whole.select("node", *MEASURES),
            ]
        )
        room = (
            links.join(whole, on="node", how="semi")
            .join(_sizes(once), on="pred", how="left")
            .group_by("node")
            .agg(*(_sum_if_all(f"{measure}_size").alias(f"{measure}_size") for measure in MEASURES))
        )
        left = whole.join(room, on="node").filter(~pl.coalesce(*fits, False)).select(whole.columns)
        if left.height == whole.height:
            break
        whole = left
    return whole.select("node")


def _sizes(said: pl.DataFrame) -> pl.DataFrame:
    """pred, quantity_size, amount_size: how much a line is in all, null where one of its rows does not say."""
    return said.group_by(pred="node").agg(*(_sum_if_all(measure).alias(f"{measure}_size") for measure in MEASURES))


def _shared(shared: pl.DataFrame, certain: pl.DataFrame) -> pl.DataFrame:
    """`shared` pieces with the parts of each line that they follow, the oldest first."""
    taken = certain.select("pred", "type", *MEASURES)
    by_age = shared.unique("piece").sort("created_at", "type", "document", "line", "piece").with_row_index("age")
    left, done = shared.join(by_age.select("piece", "age"), on="piece"), []
    for turn in range(MOST_ALLOCATIONS):
        if left.is_empty():
            break
        older = left.filter(pl.col("age") > pl.col("age").min().over("pred", "type")).select("piece").unique()
        # What stands in line for longer is split at once: it changes little, and ends.
        ready = left if turn == MOST_ALLOCATIONS - 1 else left.join(older, on="piece", how="anti")
        parted = _parted(ready, taken)
        done.append(parted)
        left = left.join(ready.select("piece").unique(), on="piece", how="anti")
        given = parted.select("pred", "type", *(pl.col(measure) * pl.col(f"{measure}_part") for measure in MEASURES))
        taken = pl.concat([taken, given])
    empty = shared.clear().with_columns(quantity_part=pl.lit(0.0), amount_part=pl.lit(0.0))
    return pl.concat([empty, *(each.select(empty.columns) for each in done)]) if done else empty


def _parted(ready: pl.DataFrame, taken: pl.DataFrame) -> pl.DataFrame:
    """`ready` with quantity_part and amount_part, which add up to one over the lines that a piece follows."""
    gone = taken.join(ready.select("pred", "type").unique(), on=["pred", "type"], how="semi")
    gone = gone.group_by("pred", "type").agg(*(pl.col(measure).sum().alias(f"{measure}_taken") for measure in MEASURES))
    rows = ready.join(gone, on=["pred", "type"], how="left", maintain_order="left")
    shares = {}
    for measure in MEASURES:
        size = pl.col(f"{measure}_size")
        unsaid = pl.col(measure).is_null() | size.is_null().any().over("piece")
        given = pl.col(f"{measure}_taken").fill_null(0)
        # A reversal takes back where something is, not where something is missing.
        room = pl.when(pl.col(measure) < 0).then(given).otherwise(size - given).clip(0)
        by = [pl.when(~unsaid).then(each / _positive(each.sum().over("piece"))) for each in (room, size.clip(0))]
        shares[measure] = pl.coalesce(*by)
    even = 1 / pl.len().over("piece")
    return rows.with_columns(
        quantity_part=pl.coalesce(shares["quantity"], shares["amount"], even),
        amount_part=pl.coalesce(shares["amount"], shares["quantity"], even),
    )


def _positive(number: pl.Expr) -> pl.Expr:
    return pl.when(number > 0).then(number)


def _sum_if_all(column: str) -> pl.Expr:
    """The sum of the `column`, null where one is missing."""
    return pl.when(pl.col(column).null_count() == 0).then(pl.col(column).sum())
