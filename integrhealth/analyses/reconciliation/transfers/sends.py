"""What was sent: attempts of one message are one transfer, and every transfer is of one object.

Repeats with the same content are the same transfer; other content of the same object, or the same much later, is
another one. One log that has both ends says of each send as well whether it arrived and took effect.
"""

import polars as pl

from integrhealth.analyses.reconciliation.receiver_log import OBJECT
from integrhealth.language.schema import DECLINED, NOT_SENT, SENT_AWAY, is_business, is_delivered, is_failed
from integrhealth.language.thresholds import REPEAT_HOURS

# Of what a transfer is besides its object.
TRANSFER = (*OBJECT, "object_type", "operation", "run")
CONTENT = ("payload_hash", "seq", "amount", "currency")
REPEAT = pl.duration(hours=REPEAT_HOURS)


def between_systems(messages: pl.DataFrame) -> pl.DataFrame:
    """Rows that went, or should have gone, from one system to another, with ``object``: its id, else the message's."""
    away = (pl.col("source") != pl.col("target")) & pl.col("integration").is_not_null()
    return messages.filter(away).with_columns(object=pl.coalesce("object_id", "message_id"))


def sends(messages: pl.DataFrame) -> pl.DataFrame:
    """One row per attempt that was made, with what its log knows of the receiver.

    `messages` are outcomes, a business rejection being declined. ``knows``: the receiver's times are its own.
    ``effect``: the receiver applied it. ``arrived``: it did, or it answered the sender. ``one_sided``: one system alone
    wrote both ends (sent = received, finished = answered), so nothing is known of the other.
    """
    status, kind = pl.col("status"), pl.col("kind")
    one_sided = (
        (pl.col("received_at") == pl.col("sent_at")) & (pl.col("finished_at") == pl.col("answered_at"))
    ).fill_null(False)
    at_receiver = pl.coalesce("received_at", "finished_at")
    knows = at_receiver.is_not_null() & ~one_sided
    delivered, failed = is_delivered(status), is_failed(status)
    # Who gave up waiting does not know what the receiver has done; who was refused does.
    finished = ~failed | (status == "timeout")
    effect = knows & (delivered | (finished & (status != DECLINED) & pl.col("finished_at").is_not_null()))
    # What is sent away is answered by a broker.
    answered = pl.when(kind.is_null()).then(pl.col("answered_at").is_not_null()).otherwise(~kind.is_in(SENT_AWAY))
    arrived = effect | (status == DECLINED) | (knows & ~failed) | (delivered & answered)
    real = is_business() & ~status.is_in(NOT_SENT)
    return (
        between_systems(messages)
        .filter(real)
        .select(
            *OBJECT,
            *("target", "object_type", "operation", "message_id", "attempt", "sent_at"),
            *CONTENT,
            "log_file",
            knows=knows,
            effect=effect,
            arrived=arrived,
            # An answer comes back later than the message arrived, and is all that such a log has.
            arrived_at=pl.when(arrived).then(pl.when(knows).then(at_receiver).otherwise("answered_at")),
            one_sided=one_sided,
            failed=failed,
            sure_failed=failed & (status != "timeout"),
            open=status.is_in(["pending", "unknown"]),
            pending=status == "pending",
            delivered=delivered,
            declined=status == DECLINED,
        )
    )


def transfers_of(sent: pl.DataFrame, *, two_logs: pl.Series) -> pl.DataFrame:
    """One row per transfer (TRANSFER), `sent` as `sends` gives it; `two_logs` are the integrations with a second log.

    A send belongs to the transfer before it where it has the same message_id; or the same content, within 12 hours.
    Where the content of one is not known, it does after a send that was not delivered; and in two logs in any case,
    because their key says what is the same.
    """
    group = [name for name in TRANSFER if name != "run"]
    several = sent.select(pl.struct(group).is_duplicated()).to_series()
    shared = pl.col("integration").is_in(two_logs.implode())
    ordered = sent.filter(several).sort(*group, "sent_at", "attempt", "message_id", nulls_last=True)
    before = {name: pl.col(name).shift(1) for name in (*group, *CONTENT, "message_id", "sent_at", "delivered")}
    in_group = pl.all_horizontal(pl.col(name).eq_missing(before[name]) for name in group)
    same_content = pl.all_horizontal(pl.col(name).eq_missing(before[name]) for name in CONTENT)
    comparable = _any_content({name: pl.col(name) for name in CONTENT}) & _any_content(before)
    alike = pl.when(comparable).then(same_content).otherwise(shared | ~before["delivered"])
    near = pl.col("sent_at") - before["sent_at"] <= REPEAT
    same_id = pl.col("message_id") == before["message_id"]
    goes_on = (in_group & (same_id | (alike & near))).fill_null(False)
    runs = ordered.with_columns(run=(~goes_on).cum_sum().cast(pl.Int64), repeated_id=goes_on & same_id)
    alone = sent.filter(~several).select(
        *group,
        *CONTENT,
        *(
            "target",
            "message_id",
            "knows",
            "arrived",
            "arrived_at",
            "one_sided",
            "failed",
            "open",
            "pending",
            "declined",
        ),
        run=pl.lit(0, pl.Int64),
        sends=pl.lit(1, pl.Int64),
        unsure=(~pl.col("sure_failed")).cast(pl.Int64),
        effects=pl.col("effect").cast(pl.Int64),
        first_sent_at="sent_at",
        last_sent_at="sent_at",
        repeated_id=pl.lit(False),
    )
    grouped = runs.group_by(*TRANSFER).agg(
        *(pl.col(name).drop_nulls().first() for name in CONTENT),
        pl.col("target", "message_id").first(),
        pl.col("knows", "arrived", "one_sided", "declined").any(),
        pl.col("arrived_at").min(),
        # Whether it failed in the end.
        pl.col("failed", "open", "pending").last(),
        sends=pl.len().cast(pl.Int64),
        unsure=(~pl.col("sure_failed")).sum().cast(pl.Int64),
        effects=pl.col("effect").sum().cast(pl.Int64),
        first_sent_at=pl.col("sent_at").min(),
        last_sent_at=pl.col("sent_at").max(),
        repeated_id=pl.col("repeated_id").any(),
    )
    return pl.concat([alone, grouped.select(alone.columns)])


def _any_content(columns: dict[str, pl.Expr]) -> pl.Expr:
    """Whether anything says what was sent; a currency alone does not."""
    return pl.any_horizontal(columns[name].is_not_null() for name in CONTENT if name != "currency")
