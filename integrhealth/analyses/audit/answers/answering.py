"""What people claim beside what the tables say: the worse of the two counts."""

import polars as pl

from integrhealth.analyses.audit.answers.measured import ANSWERS, Tables
from integrhealth.analyses.audit.answers.sheet import QUESTIONS
from integrhealth.analyses.audit.asked import ASKED
from integrhealth.language.schema import COUNT, FLAG, TEXT, WORDS

CLAIMED_ONLY, NO_ANSWER = "claimed only", "no answer"
TABLE = {
    "question": COUNT,
    "claimed": TEXT,
    "measured": TEXT,
    "counted": TEXT,
    "evidence": WORDS,
    "n": COUNT,
    "asks": TEXT,
    "why": TEXT,
    "claimed_by": TEXT,
    "claimed_on": pl.Date,
    "report": TEXT,
    "table": TEXT,
    "contradicted": FLAG,
}


def answers(tables: Tables, claims: pl.DataFrame) -> pl.DataFrame:
    """One row per question (TABLE), from `tables` by name ("report.table"; absent ones are not known) and `claims`.

    `claims` are question, answer, by, on: the audit of the catalog. Of several to one question the latest holds, and
    of one day the worst. Where the catalog is silent on a question, and nobody claims anything, nobody was asked.
    """
    rows = []
    for each in QUESTIONS:
        said = each.measure(tables)
        rows.append(
            {
                "question": each.number,
                "measured": said.answer,
                "evidence": list(said.evidence),
                "n": said.n,
                "silent": said.silent,
                "unproven": said.unproven,
                "asks": ASKED[each.number],
                "why": said.why,
                "report": each.report,
                "table": each.table,
            }
        )
    kinds = {name: kind for name, kind in (TABLE | {"silent": FLAG, "unproven": FLAG}).items() if name in rows[0]}
    both = pl.DataFrame(rows, schema=kinds).join(_latest(claims), on="question", how="left")
    heard = ~pl.col("silent") | pl.col("claimed").is_in(ANSWERS)
    measured = both.with_columns(measured=pl.when(heard).then("measured"))
    worse = pl.max_horizontal(_place("claimed"), _place("measured"))
    counted = (
        pl.when(pl.col("measured").is_not_null())
        .then(worse.replace_strict(range(len(ANSWERS)), ANSWERS, return_dtype=TEXT))
        .when(pl.col("claimed").is_in(ANSWERS))
        .then(pl.lit(CLAIMED_ONLY))
        .otherwise(pl.lit(NO_ANSWER))
    )
    less = pl.col("measured").is_in(ANSWERS[1:]).fill_null(False)
    contradicted = pl.col("claimed").eq_missing(ANSWERS[0]) & less & ~pl.col("unproven")
    return measured.with_columns(counted=counted, contradicted=contradicted).select(*TABLE).sort("question")


def _latest(claims: pl.DataFrame) -> pl.DataFrame:
    """One row per question that somebody answered: question, claimed, claimed_by, claimed_on."""
    given = claims.drop_nulls(["question", "answer"]).with_columns(place=_place("answer").fill_null(-1))
    last = given.sort("on", "place", "by", nulls_last=False).unique("question", keep="last", maintain_order=True)
    return last.select("question", claimed="answer", claimed_by="by", claimed_on="on")


def _place(column: str) -> pl.Expr:
    """How bad an answer is; null where there is none, as where nobody knows."""
    return pl.col(column).replace_strict(ANSWERS, range(len(ANSWERS)), default=None, return_dtype=pl.Int64)


def is_open() -> pl.Expr:
    """Whether a question is not answered with yes: as it counts, or as people admit where nothing is measured."""
    admitted = (pl.col("counted") == CLAIMED_ONLY) & pl.col("claimed").is_in(ANSWERS[1:])
    return pl.col("counted").is_in(ANSWERS[1:]) | admitted
