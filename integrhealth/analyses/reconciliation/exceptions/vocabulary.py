"""The words by which logs name an exception and the objects of the flow from order to invoice: the one list of them.

English, German and Spanish, without accents. A refund is no exception of its own: it pays for one of the five, and an
object that is paid back would be counted twice. Nor is the status ``cancelled``: it withdraws a message, not an order.
"""

import polars as pl

PARTIAL, CREDIT_NOTE, DISPUTE = "partial shipment", "credit note", "dispute"
RETURN, CANCELLATION = "return", "cancellation"
# As people list them.
TYPES = (RETURN, PARTIAL, CANCELLATION, CREDIT_NOTE, DISPUTE)
# Whole words, in the order in which they are asked for: to cancel is what happens to something that the others name.
# German words also end a compound (Kundengutschrift).
EXCEPTIONS = {
    PARTIAL: (
        r"(partial|part|split) (shipments?|delivery|deliveries)",
        r"teil(lieferung|sendung)(en)?",
        r"(entregas?|envios?) parcial(es)?",
    ),
    CREDIT_NOTE: (
        r"credit ?(note|memo)s?",
        r"\p{L}*gutschrift(en)?",
        r"notas? de credito",
        r"facturas? de abono",
    ),
    DISPUTE: (
        r"disputes?|disputed|claims?|chargebacks?|complaints?",
        r"\p{L}*(reklamation|beschwerde)(n|en)?",
        r"disputas?|reclamacion(es)?|quejas?",
    ),
    RETURN: (
        r"returns?|returned|rmas?",
        r"\p{L}*(retouren?|rue?cksendung(en)?)",
        r"devolucion(es)?",
    ),
    CANCELLATION: (
        r"cancels?|cancell?(ed|ing|ations?)",
        r"\p{L}*storno|\p{L}*storniert?|\p{L}*stornierung(en)?",
        r"cancelacion(es)?|cancelad[oa]s?|anulacion(es)?|anulad[oa]s?",
    ),
}
ORDER, DELIVERY, INVOICE = "order", "delivery", "invoice"
# What an object type is called that is such an object; the whole name, because a production order is another thing.
FLOW = {
    ORDER: r"((sales|customer|purchase|web|shop) )?orders?|(kunden)?auftr(ag|age|aege)|bestellung(en)?|pedidos?",
    DELIVERY: r"((outbound|customer) )?(delivery|deliveries|shipments?)|goods issues?|parcels?|dispatch(es)?|"
    r"(aus)?lieferung(en)?|sendung(en)?|entregas?|envios?",
    INVOICE: r"((sales|customer) )?invoices?|bills?|billing documents?|rechnung(en)?|faktur(a|en)|facturas?",
}
# The happy path of an exception where its cases are no such objects themselves: the first of which there are enough.
HAPPY_PATHS = {
    RETURN: (DELIVERY, ORDER, INVOICE),
    PARTIAL: (DELIVERY, ORDER, INVOICE),
    CANCELLATION: (ORDER, DELIVERY, INVOICE),
    CREDIT_NOTE: (INVOICE, ORDER, DELIVERY),
    DISPUTE: (INVOICE, ORDER, DELIVERY),
}
# Looking at something does not make it one: GET /orders/7/cancellation-fee.
LOOKS = r"^(get|head|options|read|list|query|check|search|find|show|view)( |$)"


def plain(text: pl.Expr) -> pl.Expr:
    """Small letters without accents, words with a blank between them: ``creditNote.posted`` is credit note posted."""
    parted = text.str.replace_all(r"(\p{Ll})(\p{Lu})", "$1 $2").str.normalize("NFKD").str.replace_all(r"\p{M}", "")
    return parted.str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars(" ")


def exception_named(text: pl.Expr) -> pl.Expr:
    """The exception that a `text` names, else null."""
    words = plain(text)
    says = [
        pl.when(words.str.contains(rf"(^| )({'|'.join(patterns)})( |$)")).then(pl.lit(name))
        for name, patterns in EXCEPTIONS.items()
    ]
    return pl.coalesce(says)


def flow_named(object_type: pl.Expr) -> pl.Expr:
    """Order, delivery or invoice, where an `object_type` is called so, else null."""
    words = plain(object_type)
    return pl.coalesce([pl.when(words.str.contains(f"^({names})$")).then(pl.lit(name)) for name, names in FLOW.items()])


def looks(operation: pl.Expr) -> pl.Expr:
    """The `operation` only looks at something."""
    return plain(operation).str.contains(LOOKS).fill_null(False)
