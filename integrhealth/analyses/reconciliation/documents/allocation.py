"""How much of a line belongs to each of the lines that it follows, so that every piece counts once."""

import polars as pl

from integrhealth.language.thresholds import MOST_ALLOCATIONS, QUANTITY_TOLERANCE

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
    quantity less what others of its type took), or to their quantity where nothing is open; money likewise by what is
    open of the amount. Where quantities are unknown the amounts decide, and equal parts where these are too.
    """
    pieces, steps = _pieces(lines, links)
    sizes = _sizes(lines, links, pieces)
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

    A piece is a row; rows of one line that all say the same of several lines may each tell the whole: they are one
    piece where the lines that they follow could not take it several times.
    """
    rows = lines.join(links.select("row").unique(), on="row", how="semi")
    per_line = links.filter(~pl.col("whole_document")).group_by("node").agg(preds=pl.col("pred").n_unique())
    said = ("quantity", "amount", "created_at")
    alike = rows.group_by("node").agg(
        rows=pl.len(), same=pl.struct(said).n_unique() == 1, **{each: pl.col(each).first() for each in MEASURES}
    )
    repeating = alike.join(per_line, on="node").filter("same", pl.col("preds") > 1, pl.col("preds") == pl.col("rows"))
    room = (
        links.join(repeating.select("node"), on="node", how="semi")
        .join(_said_sizes(lines), on="pred", how="left")
        .group_by("node")
        .agg(*(_sum_if_all(f"{measure}_size").alias(f"{measure}_size") for measure in MEASURES))
    )
    fits = [
        pl.col(measure).abs() * pl.col("rows") <= pl.col(f"{measure}_size") * (1 + QUANTITY_TOLERANCE)
        for measure in MEASURES
    ]
    whole = repeating.join(room, on="node").filter(~pl.coalesce(*fits, False)).select("node")
    numbered = rows.join(whole.with_columns(whole=pl.lit(True)), on="node", how="left", maintain_order="left")
    piece = pl.when(pl.col("whole")).then(pl.col("row").min().over("node")).otherwise("row")
    numbered = numbered.with_columns(piece=piece)
    steps = links.join(numbered.select("row", "piece"), on="row").select("piece", "pred").unique()
    pieces = numbered.filter(pl.col("piece") == pl.col("row")).select(
        "piece", "node", "type", "document", "line", *MEASURES, "created_at"
    )
    return pieces, steps


def _said_sizes(lines: pl.DataFrame) -> pl.DataFrame:
    """pred, quantity_size, amount_size: what the rows of a line say of it, null where one of them does not."""
    return lines.group_by(pred="node").agg(
        *(_sum_if_all(measure).alias(f"{measure}_size") for measure in MEASURES),
    )


def _sizes(lines: pl.DataFrame, links: pl.DataFrame, pieces: pl.DataFrame) -> pl.DataFrame:
    """The same of the pieces, and of the lines that follow nothing."""
    loose = lines.join(links.select("node").unique(), on="node", how="anti").select("node", *MEASURES)
    return _said_sizes(pl.concat([pieces.select("node", *MEASURES), loose]))


def _shared(shared: pl.DataFrame, certain: pl.DataFrame) -> pl.DataFrame:
    """`shared` pieces with the parts of each line that they follow, the oldest first."""
    taken = certain.select("pred", "type", *MEASURES)
    age = pl.struct("created_at", "document", "line", "piece").rank("dense").alias("age")
    left, done = shared.with_columns(age), []
    for turn in range(MOST_ALLOCATIONS):
        if left.is_empty():
            break
        first = (pl.col("age") == pl.col("age").min().over("pred", "type")).all().over("piece")
        # What stands in line for longer is split at once: it changes little, and ends.
        ready = left if turn == MOST_ALLOCATIONS - 1 else left.filter(first)
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
        room = (size - pl.col(f"{measure}_taken").fill_null(0)).clip(0)
        # A reversal takes back where something is, not where something is missing.
        room = pl.when(pl.col(measure) < 0).then(0).otherwise(room)
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
