"""Whether a text states a problem that somebody has, or is sent back with the question that it leaves open."""

import polars as pl

from integrhealth.analyses.audit.five_questions import word_lists
from integrhealth.language.schema import COUNT
from integrhealth.language.thresholds import LEAST_SENTENCE_WORDS, MOST_SENTENCE_WORDS, MOST_SENTENCES

STATED, SENT_BACK, MISSING = "states a problem", "sent back", "missing"
QUESTION = "What actual problem, experienced by actual people, are we fixing?"
# Why a text is sent back; the first that holds is said.
REASONS = {
    "too short": "It is no sentence.",
    "too long": "It takes more than one sentence to say what is wrong.",
    "only technology": "It names systems and wishes, and nothing that somebody works with.",
    "a wish": "It says what would be nice to have, and not what goes wrong today.",
    "nobody": "It names nobody who has the problem, and neither does the catalog.",
}
LISTS = {
    "function": word_lists.FUNCTION,
    "technology": word_lists.TECHNOLOGY,
    "wish": word_lists.WISH,
    "vague": word_lists.VAGUE,
    "trouble": word_lists.TROUBLE,
    "people": word_lists.PEOPLE,
    "placeholder": word_lists.PLACEHOLDER,
}
# What of a text is read.
LONGEST = 2_000
WORD = r"[\p{L}\p{N}]+(?:['\x{2019}\-][\p{L}\p{N}]+)*"


def problem_verdicts(integrations: pl.DataFrame) -> pl.DataFrame:
    """One row per integration: the verdict on its ``problem`` (STATED, SENT_BACK, MISSING) and the ``reason``.

    A text check by word lists: at most two sentences, the first to say what is wrong and the second what will help;
    two words at least that name something other than technology, wishes and what could be said of anything; a word of
    trouble, or three such words and no wish; and somebody who has it, in the text or as the ``beneficiary``. Whether
    the sentence is true and matters a person judges.
    """
    texts = integrations.select("integration", "beneficiary", text=pl.col("problem").str.head(LONGEST))
    counted = texts.join(_word_counts(texts), on="integration", how="left").with_columns(
        pl.col("words", *LISTS, "concrete").fill_null(0)
    )
    wishful = (pl.col("trouble") == 0) & ((pl.col("wish") > 0) | (pl.col("concrete") < 3))
    sentences = pl.col("text").str.count_matches(r"[.!?…](?:\s|$)|\n").fill_null(0)
    unfinished = ~pl.col("text").str.contains(r"[.!?…]\s*$").fill_null(False)
    reason = (
        pl.when(pl.col("words") < LEAST_SENTENCE_WORDS)
        .then(pl.lit("too short"))
        .when((sentences + unfinished > MOST_SENTENCES) | (pl.col("words") > MOST_SENTENCE_WORDS))
        .then(pl.lit("too long"))
        .when(pl.col("concrete") < 2)
        .then(pl.lit("only technology"))
        .when(wishful)
        .then(pl.lit("a wish"))
        .when((pl.col("people") == 0) & pl.col("beneficiary").is_null())
        .then(pl.lit("nobody"))
    )
    missing = pl.col("words") == pl.col("placeholder")
    return (
        counted.with_columns(reason=pl.when(~missing).then(reason))
        .with_columns(
            verdict=pl.when(missing)
            .then(pl.lit(MISSING))
            .when(pl.col("reason").is_null())
            .then(pl.lit(STATED))
            .otherwise(pl.lit(SENT_BACK))
        )
        .select("integration", "verdict", "reason")
    )


def _word_counts(texts: pl.DataFrame) -> pl.DataFrame:
    """Per integration how many words of its text are in each list, and how many name something (``concrete``)."""
    words = texts.select("integration", word=pl.col("text").str.to_lowercase().str.extract_all(WORD)).explode("word")
    marked = words.drop_nulls("word").with_columns(
        **{name: pl.col("word").str.contains(_pattern(entries)) for name, entries in LISTS.items()}
    )
    empty = pl.any_horizontal("function", "technology", "wish", "vague", "trouble")
    return marked.group_by("integration").agg(
        pl.len().cast(COUNT).alias("words"),
        *(pl.col(name).sum().cast(COUNT) for name in LISTS),
        concrete=(~empty).sum().cast(COUNT),
    )


def _pattern(entries: str) -> str:
    """The regular expression of a list: each entry as a whole word, with any ending where a star stands."""
    return f"^(?:{'|'.join(entry.replace('*', '.*') for entry in entries.split())})$"
