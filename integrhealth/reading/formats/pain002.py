"""ISO 20022 pain.002, the bank's report on payments: of a group, of its payments, or of single transactions.

Each status is an event of what it is about, which has an id of its own at each level and its group as the trace; a
later report changes an earlier one. Banks have namespaces of their own, so names are known without them. ``log_line``
is the ordinal of the status.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from xml.etree.ElementTree import Element

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.records.nested import Fields, Found, Record, Refused, nested_format
from integrhealth.reading.xml.documents import root_name, root_or_refused

REPORT = "CstmrPmtStsRpt"
# A report does not name who sent the payments: whoever gave them to the bank. Nor, at times, the bank.
CUSTOMER, BANK = "customer", "bank"
# So many elements of what is refused are looked at for what it says.
SHOWN = 100
AGENT = ("InitgPty/Id/OrgId/BICOrBEI", "InitgPty/Id/OrgId/AnyBIC", "InitgPty/Nm")
AGENTS = tuple(f"{agent}/FinInstnId/{bic}" for agent in ("DbtrAgt", "CdtrAgt") for bic in ("BIC", "BICFI"))


def recognises(head: Head) -> bool:
    """A Document with the report in it, or in the namespace of it."""
    return root_name(head.start) == "Document" and (REPORT.encode() in head.start or b"pain.002" in head.start)


def records(path: Path) -> Iterator[Found]:
    """One record per status of a group, a payment or a transaction."""
    root = root_or_refused(path)
    if isinstance(root, Refused):
        yield root
        return
    for report in root.iter(REPORT):
        header, original = report.find("GrpHdr"), report.find("OrgnlGrpInfAndSts")
        if header is None or original is None or not (group := _text(original, "OrgnlMsgId")):
            yield Refused(None, "no_original_message", _raw(report))
            continue
        common = {
            "trace_id": group,
            "source": CUSTOMER,
            "target": _first(header, (*AGENT, *AGENTS)) or BANK,
            "at": _text(header, "CreDtTm"),
            "report": _text(header, "MsgId"),
        }
        yield from _levels(report, original, group, common)


def _levels(report: Element, original: Element, group: str, common: Fields) -> Iterator[Found]:
    above = None
    if status := _text(original, "GrpSts"):
        above = group
        fields = {"object_type": _text(original, "OrgnlMsgNmId"), "sent_at": _text(original, "OrgnlCreDtTm")}
        yield _record(common | _reason(original) | fields, group, group, status, kind="batch")
    for payment in report.findall("OrgnlPmtInfAndSts"):
        name = _text(payment, "OrgnlPmtInfId") or ""
        over = above
        if status := _text(payment, "PmtInfSts"):
            over = f"{group}:{name}"
            fields = {"object_type": "payment information", "parent_id": above}
            yield _record(common | _reason(payment) | fields, over, name, status, kind="batch")
        for transaction in payment.findall("TxInfAndSts"):
            yield _transaction(transaction, common | {"parent_id": over}, group, name)
    # The first versions have no level between the group and its transactions.
    for transaction in report.findall("TxInfAndSts"):
        yield _transaction(transaction, common | {"parent_id": above}, group, "")


def _transaction(transaction: Element, common: Fields, group: str, payment: str) -> Found:
    name = _first(transaction, ("OrgnlEndToEndId", "OrgnlInstrId", "OrgnlTxId", "OrgnlUETR"))
    status = _text(transaction, "TxSts")
    if name is None:
        return Refused(None, "no_original_transaction", _raw(transaction))
    amount = transaction.find("OrgnlTxRef/Amt/InstdAmt")
    fields = {
        "object_type": "payment",
        "amount": None if amount is None else amount.text,
        "currency": None if amount is None else amount.get("Ccy"),
    }
    # One end-to-end id may stand for several transactions (NOTPROVIDED); their own id tells them apart.
    own = _first(transaction, ("OrgnlInstrId", "OrgnlTxId", "OrgnlUETR")) if name == "NOTPROVIDED" else None
    key = ":".join(part for part in (group, payment, name, own) if part)
    return _record(common | _reason(transaction) | fields, key, own or name, status, kind="request")


def _record(fields: Fields, key: str, name: str, status: str | None, *, kind: str) -> Record:
    return Record(None, (("status", fields | {"message_id": key, "object_id": name, "event": status, "kind": kind}),))


def _reason(about: Element) -> Fields:
    """The first reason that has a code, and all that is said."""
    reasons = about.findall("StsRsnInf")
    codes = [code for reason in reasons if (code := _first(reason, ("Rsn/Cd", "Rsn/Prtry")))]
    texts = [text.strip() for reason in reasons for each in reason.findall("AddtlInf") if (text := each.text)]
    return {"error_code": codes[0] if codes else None, "error_text": " ".join(texts) or None}


def _text(above: Element, path: str) -> str | None:
    element = above.find(path)
    return None if element is None or not (element.text or "").strip() else (element.text or "").strip()


def _first(above: Element, paths: tuple[str, ...]) -> str | None:
    return next((text for path in paths if (text := _text(above, path))), None)


def _raw(element: Element) -> bytes:
    """Its first texts: elements may lie in each other a hundred thousand deep."""
    texts = ((each.text or "").strip() for each in islice(element.iter(), SHOWN))
    return " ".join(text for text in texts if text).encode()


FORMAT = nested_format(
    "pain002",
    "ISO 20022 pain.002 payment status reports of banks",
    recognises=recognises,
    records=records,
)
