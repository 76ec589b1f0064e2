"""What integrations do to the meaning of data: one call on evidence per published table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.reconciliation.transforms import arrivals as arrived
from integrhealth.analyses.reconciliation.transforms import ledger, meaning
from integrhealth.language.questions import question
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def transform_fields(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per field that arrives on an integration, or that the catalog registers for it: what becomes of it.

    A value arrives where a field change at the target names a message of the integration. It is compared with what the
    source showed of the same entity when that message was sent (also what it logged within a minute after, where it
    had shown nothing or where it is the very value), of the elements ``from``: those that the catalog's transforms
    name, else the one of the same name (``order.status`` is ``status``), else one that arrives unchanged under another
    name; ``linked_by`` says which. ``paired`` are the arrivals with both values, ``copied`` the equal ones, ``renamed``
    those of other values that stand one for one.

    ``loss_bits`` = H(X|Y) = - sum p(x, y) log2 p(x|y): what cannot be read back from the value after; with its 95%
    interval over entities (linearised; its upper end with the correction of Miller and Madow 1955). ``gain_bits`` =
    H(Y|X), of a field without a source H(Y). Both are null, and the ``fate`` is cannot tell, below `min_messages`
    pairs; where over half of the rows hold values that one entity alone has, ids, of which any two columns would seem
    one to one; and where shuffled values tell as much (``p_value`` above 0.05).

    >>> seen = "integration", "field", "paired", "copied", "loss_bits", "fate"
    >>> ih.reconciliation.transform_fields(evidence).select(seen).head(1).rows()
    [('availability-lines', 'article.stock', 249, 249, 0.0, 'copied')]

    Columns: integration, field (text); from (list of text); kind, linked_by (text); n, paired, copied, renamed,
    entities, values_before, values_after (count); before_bits, loss_bits, low, high, gain_bits (number, bits);
    p_value (number, probability); fate (text)
    """
    changes, registered = evidence.field_changes, evidence.catalog.transforms
    brought = arrived.arrivals(changes, evidence.messages)
    linked = arrived.links(brought, changes, registered, min_messages=min_messages)
    pairs = arrived.pairs(brought, changes, linked)
    return ledger.transform_fields(pairs, linked, registered, min_messages=min_messages)


@question
def transforms(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per integration: whether it adds meaning, passes data through or loses meaning, the losing ones first.

    ``loss_bits``: the bits per message that the fields of ``transform_fields`` lose, summed over the source elements,
    of each the field that keeps most. ``copy_share`` = values equal to those of the source / ``paired``, renamed
    columns included; ``renamed_share`` are other values that stand one for one. ``added_fields``: registered as derived
    or looked up, or arriving although the source never had them, with values that are no ids. ``unused_fields``: sent,
    says the catalog, and not required, taken or kept by any registered transform, nor seen to arrive; null where nobody
    said what the receiver requires. ``lost_fields`` are required and neither sent nor made on the way.

    ``verdict``: loses meaning where a field certainly loses over 0.1 bits; else adds meaning where a field is added;
    else passes through where over 95% of the values are copied or stand one for one; else cannot tell.

    >>> seen = "integration", pl.col("loss_bits").round(3), "paired", "verdict"
    >>> ih.reconciliation.transforms(evidence).select(seen).head(1).rows()
    [('tracking-portal', 1.351, 500, 'loses meaning')]

    Columns: integration (text); loss_bits (number, bits per message); copy_share (number, share); added_fields,
    unused_fields (list of text); verdict (text); loss_low, loss_high (number, bits per message); renamed_share (number,
    share); messages, arrivals, paired, copied, renamed, fields, sent_fields, used_fields (count); used_share (number,
    share); lost_fields (list of text)
    """
    catalog = evidence.catalog
    return meaning.transforms(
        transform_fields(evidence, min_messages=min_messages),
        catalog.integrations,
        catalog.transforms,
        meaning.sending(evidence.messages),
        min_messages=min_messages,
    )
