"""What is said beside the table of surges: why it has no rows or no figures, and what measured queues say of it."""

import polars as pl

from integrhealth.language.safe_text import visible

# Systems whose measured queue is spoken of.
CHECKS_SAID = 3


def said_of_surge(judged: pl.DataFrame, *, sent: bool) -> str | None:
    """The note of the table ``surge`` (`judged`), or None where its rows speak for themselves; `sent`: messages are."""
    if judged.is_empty():
        return "No message passed from one system to another." if sent else None
    sentences = []
    if judged["oldest_minutes"].null_count() == judged.height:
        sentences.append("Of no system is it known how much it can take, so nobody can tell what a surge would do.")
    checked = judged.drop_nulls("checked_by").unique("system", keep="first").sort("system")
    columns = ("system", "queue_measured", "checked_by", "queue_replayed", "queue_correlation")
    for system, measured, metric, replayed, alike in checked.select(columns).head(CHECKS_SAID).iter_rows():
        correlation = "" if alike is None else f", with a correlation of {alike:.2f}"
        sentences.append(
            f"At {visible(system)} up to {measured:,.0f} waited on the day that is replayed ({visible(metric)}); "
            f"the replay of the day as it was has {replayed:,.0f}{correlation}."
        )
    return " ".join(sentences) or None
