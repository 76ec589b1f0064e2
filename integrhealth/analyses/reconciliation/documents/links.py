"""Which line of a document follows which, whatever type it is of and however many it follows."""

from dataclasses import dataclass

import polars as pl

from integrhealth.analyses.reconciliation.documents.lines import PAYMENT, TYPES
from integrhealth.language.thresholds import MOST_DOCUMENT_STEPS

# Numbers are those of lines; where several documents have the same number, the type nearest before one's own is meant.
FOLLOWER = {name: place for place, name in enumerate(TYPES)} | {PAYMENT: TYPES.index("invoice") + 1}
PLACE = {name: place for place, name in enumerate(TYPES)}
REFERENCES = {"row": pl.UInt32, "node": pl.UInt32, "pred": pl.UInt32, "whole_document": pl.Boolean}


@dataclass(frozen=True)
class Links:
    """`links`: row, node, pred, whole_document (it follows a document and no line of it); every line that is named.

    `nodes` has node, type (null: known only because others follow it), document, line. `circles` counts the lines that
    follow themselves, in one step or more: such steps are left out.
    """

    links: pl.DataFrame
    nodes: pl.DataFrame
    circles: int


def linked(lines: pl.DataFrame) -> Links:
    """What the `lines` (``lines.document_lines``) follow.

    Who follows a document follows all of its lines. What a line follows at second hand, as its delivery follows it
    already, is not followed twice.
    """
    nodes = _nodes(lines)
    references, selves = _references(lines, nodes)
    straight, circling = _without_circles(references)
    links = _nearest(straight, nodes)
    return Links(links, nodes, selves + circling)


def _nodes(lines: pl.DataFrame) -> pl.DataFrame:
    """Every line: those that were read, then those that are only followed."""
    read = lines.select("node", "type", "document", "line").unique("node").sort("node")
    followed = lines.select(document="preceding", line="preceding_line").drop_nulls("document").unique()
    absent = followed.filter(pl.col("line").is_not_null()).join(read, on=["document", "line"], how="anti")
    seen = pl.concat([read.select("document"), absent.select("document")]).unique()
    whole = followed.filter(pl.col("line").is_null()).join(seen, on="document", how="anti")
    more = pl.concat([absent, whole]).sort("document", "line")
    numbered = more.with_row_index("node", offset=read.height).select(
        "node", type=pl.lit(None, pl.String), document="document", line="line"
    )
    return pl.concat([read, numbered])


def _references(lines: pl.DataFrame, nodes: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Row, node and the lines that it follows, and how many rows follow but themselves."""
    following = lines.filter(pl.col("preceding").is_not_null()).select(
        "row", "node", "preceding", "preceding_line", itself="document", own=pl.col("type")
    )
    targets = nodes.rename({"node": "pred", "type": "there"})
    by_line = following.filter(pl.col("preceding_line").is_not_null()).join(
        targets, left_on=["preceding", "preceding_line"], right_on=["document", "line"]
    )
    by_document = following.filter(pl.col("preceding_line").is_null()).join(
        targets, left_on="preceding", right_on="document"
    )
    same_document = (pl.col("preceding") == pl.col("itself")) & (pl.col("there") == pl.col("own"))
    candidates = pl.concat(
        [
            by_line.select("row", "node", "pred", "own", "there", whole_document=pl.lit(False)).filter(
                pl.col("pred") != pl.col("node")
            ),
            by_document.filter(~same_document.fill_null(False)).select(
                "row", "node", "pred", "own", "there", whole_document=pl.lit(True)
            ),
        ]
    )
    own = pl.col("own").replace_strict(FOLLOWER, return_dtype=pl.Int32)
    there = pl.col("there").replace_strict(PLACE, return_dtype=pl.Int32)
    distance = pl.when(there < own).then(own - there).otherwise(there + len(TYPES)).fill_null(2 * len(TYPES))
    nearest = candidates.filter(distance == distance.min().over("row"))
    selves = following["row"].n_unique() - candidates["row"].n_unique()
    return nearest.select(*REFERENCES).cast(REFERENCES).sort(*REFERENCES), selves


def _without_circles(references: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """The references without those between lines that follow each other in a circle, and how many lines these are.

    What nothing follows and what follows nothing is peeled off until only circles, and what lies between two, are left.
    """
    left = references.select("node", "pred").unique()
    for _ in range(MOST_DOCUMENT_STEPS):
        inner = left.join(left.select(pred="node").unique(), on="pred", how="semi").join(
            left.select(node="pred").unique(), on="node", how="semi"
        )
        if inner.height == left.height:
            break
        left = inner
    circling = left["node"].n_unique()
    return references.join(left, on=["node", "pred"], how="anti", maintain_order="left"), circling


def _nearest(references: pl.DataFrame, nodes: pl.DataFrame) -> pl.DataFrame:
    """Without the references to what is followed at second hand too."""
    steps = references.select("node", "pred").unique()
    several = steps.filter(pl.len().over("node") > 1)
    further = frontier = several.clear().select("node", at="pred")
    frontier = several.select("node", at="pred")
    for _ in range(2 * MOST_DOCUMENT_STEPS):
        above = frontier.join(steps, left_on="at", right_on="node").select("node", at="pred").unique()
        frontier = above.join(further, on=["node", "at"], how="anti")
        if frontier.is_empty():
            break
        further = pl.concat([further, frontier])
    targets = nodes.select(at="node", type="type", document="document")
    documents = further.join(targets, on="at").select("node", "type", "document").unique()
    there = references.join(targets, left_on="pred", right_on="at", maintain_order="left").with_row_index("reference")
    again = pl.concat(
        [
            there.join(further, left_on=["node", "pred"], right_on=["node", "at"], how="semi"),
            there.filter("whole_document").join(
                documents, on=["node", "type", "document"], how="semi", nulls_equal=True
            ),
        ]
    )
    return there.join(again.select("reference"), on="reference", how="anti", maintain_order="left").select(*REFERENCES)
