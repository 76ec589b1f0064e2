"""What systems say when they fail: error codes and texts as they are found in such logs, also the hostile ones."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One way a system fails: how likely against the others, its code, `http` status and text ({id}: the object)."""

    weight: float
    code: str
    http: int
    text: str


TIMEOUT = Fault(0, "timeout", 504, "deadline exceeded: no answer within 30 s for {id}")
UNAVAILABLE = Fault(0, "ServiceUnavailable", 503, "503 Service Unavailable: upstream connect error, connection refused")
PASSING = (
    Fault(3, "ServiceUnavailable", 503, "503 Service Unavailable: upstream connect error, reset before headers"),
    Fault(2, "ECONNRESET", 502, "read ECONNRESET while sending {id}"),
    Fault(1, "TooManyRequests", 429, "429 Too Many Requests, retry after 1 s"),
)
FAULTS = {
    "ERP": (
        Fault(4, "V1 042", 409, "Sales document {id} is currently being processed by user BATCH_07"),
        Fault(3, "M7 021", 422, "Deficit of SL Unrestricted-use 3 PC : 100-4711 1000 0001 ({id})"),
        Fault(3, "VALIDATION", 422, "Customer of {id} is blocked for sales area 1000/10/00"),
        Fault(2, "SAPSQL_DEADLOCK", 500, "ABAP runtime error DBSQL_SQL_DEADLOCK in SAPLVBAK while posting {id}"),
        Fault(
            1, "CX_SY_CONVERSION", 400, "Note of {id} holds characters that are not allowed: <script>alert(1)</script>"
        ),
        Fault(
            1,
            "401",
            401,
            "rejected: Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJlcnAifQ.c2FtcGxlLXNpZw expired",
        ),
        Fault(2, "MAPPING", 400, "Unit of measure 'CTN' of {id} has no ISO code in table T006"),
    ),
    "WMS": (
        Fault(4, "WMS-3107", 422, "No bin with enough stock for delivery {id}: required 12, available 9"),
        Fault(3, "java.lang.NullPointerException", 500, 'Cannot invoke "Handling.unit()" because "handling" is null'),
        Fault(
            2, "org.postgresql.util.PSQLException", 500, "ERROR: deadlock detected; process 24817 waits for ShareLock"
        ),
        Fault(1, "WMS-8005", 500, "Label template {{7*7}} could not be rendered for {id}"),
        Fault(1, "WMS-2211", 400, "=cmd|' /C calc'!A0 in field REMARK of {id}"),
        Fault(2, "WMS-2210", 400, "Address of {id} too long for field STREET (35)"),
    ),
    "Carrier": (
        Fault(4, "ADDRESS_INVALID", 422, "Postal code 0800 does not match city Barcelona for {id}"),
        Fault(3, "RATE_LIMIT", 429, "429 Too Many Requests, quota 600/min exceeded"),
        Fault(1, "NOTIFY_FAILED", 400, "cannot notify pedro.gomez@example.com about {id}: mailbox unknown"),
        Fault(1, "PARSE", 400, "cannot parse weight of {id}: '$(rm -rf /tmp/labels)' is not a number"),
        Fault(2, "LABEL_FAILED", 500, "Label service returned no PDF for {id}"),
    ),
    "Financial system": (
        Fault(4, "PERIOD_CLOSED", 422, "Posting period 011/2025 is closed for company code 1000 ({id})"),
        Fault(3, "TAX_CODE", 422, "Tax code R4 is not allowed for country PT in {id}"),
        Fault(2, "BALANCE", 422, "Document {id} does not balance: difference 0.01 EUR"),
    ),
    "CRM": (
        Fault(3, "UNABLE_TO_LOCK_ROW", 409, "unable to obtain exclusive access to this record: {id}"),
        Fault(3, "DUPLICATE_VALUE", 409, "duplicate value found: ERP_Number__c duplicates value on record {id}"),
        Fault(1, "INVALID_EMAIL", 400, "Invalid e-mail address for {id}: maria.lopez@@example.com"),
        Fault(1, "INVALID_EMAIL", 400, "Bounced: customer pedro.gomez@example.com of {id} has no mailbox"),
    ),
    "Webshop": (
        Fault(3, "SKU_UNKNOWN", 404, "SKU of {id} not found in catalogue es-ES"),
        Fault(1, "TypeError", 500, "TypeError: Cannot read properties of undefined (reading 'quantity')"),
    ),
    "Customer portal": (
        Fault(3, "ERR_BAD_REQUEST", 400, "Unexpected token < in JSON at position 0 ({id})"),
        Fault(1, "RENDER", 500, "Liquid error in template invoice_es: unknown filter for {id}"),
        Fault(1, "WAF", 403, "request blocked: parameter note contains <script>alert(1)</script>"),
    ),
    "Tracking": (
        Fault(3, "UNKNOWN_SHIPMENT", 404, "shipment {id} was never announced"),
        Fault(1, "PARSE", 400, "cannot parse field scanned_at: '30.02.2025'"),
    ),
    "Bank": (
        Fault(4, "AM04", 422, "InsufficientFunds: {id}"),
        Fault(3, "AC01", 422, "IncorrectAccountNumber: creditor account of {id}"),
    ),
    "Tax authority": (
        Fault(3, "1104", 422, "NIF of the counterparty is not registered ({id})"),
        Fault(2, "2011", 422, "Invoice {id} was already registered"),
    ),
    "MES": (
        Fault(3, "OPC-UA", 500, "BadNotConnected: opc.tcp://line-3:4840"),
        Fault(2, "ROUTING", 422, "Routing of {id} has no released operation 0020"),
    ),
    "Quality": (
        Fault(3, "SPC-12", 422, "Measurement of {id} outside plausible range: -1.#IND"),
        Fault(1, "IMPORT", 400, "=cmd|' /C calc'!A0 in cell B7 of the import"),
    ),
    "Procurement": (
        Fault(3, "CATALOG", 404, "Supplier part of {id} is not in the agreed catalogue"),
        Fault(1, "CXML-450", 500, "cXML 450 Not Implemented: ConfirmationRequest"),
    ),
    "BI": (
        Fault(3, "ORA-01555", 500, "ORA-01555: snapshot too old: rollback segment number 9 too small"),
        Fault(1, "SCHEMA", 422, "Column NETWR changed type from DEC(15,2) to CHAR(20)"),
    ),
    "Planning": (
        Fault(3, "NO_DEMAND", 422, "No demand history for 214 materials in plant 1000"),
        Fault(1, "MEMORY", 500, "MemoryError: unable to allocate 3.1 GiB for an array"),
    ),
}
HOSTILE = {
    "script tag": "<script>alert(1)</script>",
    "spreadsheet formula": "=cmd|",
    "shell substitution": "$(rm -rf",
    "template expression": "{{7*7}}",
    "bearer token": "Bearer eyJ",
    "e-mail address": "pedro.gomez@example.com",
}
# All faults in one numbered list: 0 is no fault, 1 the timeout, 2 the outage.
ALL_FAULTS = (
    Fault(0, "", 200, ""),
    TIMEOUT,
    UNAVAILABLE,
    *PASSING,
    *(fault for group in FAULTS.values() for fault in group),
)
NO_FAULT, TIMED_OUT, OUT_OF_SERVICE = 0, 1, 2
