"""Requests in the diagnostic logs of Azure: gateways, sites and services, each category by its documentation.

Application Gateway, Front Door and App Service write a request when it is answered; API Management, storage and other
services write when it came. Who asked is ``client``, whatever its address; addresses of clients are not read.
"""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from integrhealth.language.http_outcomes import http_outcome
from integrhealth.reading.records.nested import Fields

CLIENT = "client"
# The gateway of the first generation counts milliseconds, that of the second seconds; the instances tell them apart.
FIRST_GENERATION = "applicationgatewayrole"
GOOD = (None, "ok")
NOTHING = ("", "-", "n/a", "N/A", "NoError")
RESOURCE = re.compile(r"/providers/[^/]+/[^/]+/([^/]+)", re.IGNORECASE)
KEY = re.compile(r"(\w+)=([^,]*)")


def requests_of(category: str, entry: Mapping[str, Any], properties: Mapping[str, Any]) -> list[Fields] | None:
    """The request of a record, with that to the backend where both are logged; None for another category."""
    reader = READERS.get(category)
    return None if reader is None else reader(entry, properties)


def resource_of(entry: Mapping[str, Any]) -> str:
    """The name of the resource that wrote a record, below its provider and type; else the end of its id."""
    path = str(entry.get("resourceid") or "").rstrip("/")
    match = RESOURCE.search(path)
    return (match[1] if match else path.rpartition("/")[2]) or "Azure"


def took(milliseconds: Decimal | None, *, ended: bool) -> Fields:
    """Where the beginning and the end of a request lie from the time of its record."""
    if milliseconds is None:
        return {"before_ms": "0"}
    before, after = (-milliseconds, Decimal(0)) if ended else (Decimal(0), milliseconds)
    return {"before_ms": format(before, "f"), "after_ms": format(after, "f")}


def number(value: Any) -> Decimal | None:
    """A number written in digits; None for anything else."""
    try:
        written = Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        return None
    return written if written is not None and written.is_finite() and abs(written.adjusted()) < 18 else None


def _seconds(value: Any) -> Decimal | None:
    seconds = number(value)
    return None if seconds is None else seconds * 1000


def _asked(entry: Mapping[str, Any], target: Any, code: Any, **more: Any) -> Fields:
    """A request of a client; the code tells why it failed."""
    status = http_outcome(code)
    given = {"source": CLIENT, "target": target, "kind": "request", "status": status, "time": entry.get("time")}
    return given | {"error_code": None if status in GOOD else code} | more


def _operation(method: Any, path: Any) -> str | None:
    """The method and the path, without the query: that may hold what is nobody's business."""
    words = [str(method)] if method else []
    try:
        words += [urlsplit(str(path)).path or "/"] if path else []
    except ValueError:
        words += ["/"]
    return " ".join(words) or None


def _host(url: Any) -> str | None:
    try:
        return urlsplit(str(url)).hostname if url else None
    except ValueError:
        return None


def _there(value: Any) -> Any:
    return None if value in NOTHING else value


def _application_gateway(entry: Mapping[str, Any], properties: Mapping[str, Any]) -> list[Fields]:
    taken = number(properties.get("timetaken"))
    in_seconds = not str(properties.get("instanceid")).casefold().startswith(FIRST_GENERATION)
    # A pool, in the record or in its properties; of a gateway without one its own name.
    pool = entry.get("backendpoolname") or properties.get("backendpoolname")
    target = _there(pool) or _there(properties.get("originalhost")) or _there(properties.get("host"))
    return [
        _asked(
            entry,
            target or resource_of(entry),
            properties.get("httpstatus"),
            message_id=properties.get("transactionid"),
            operation=_operation(properties.get("httpmethod"), properties.get("requesturi")),
            integration=entry.get("rulename") or properties.get("rulename"),
            error_text=_there(properties.get("error_info")),
            bytes=properties.get("receivedbytes"),
            **took(None if taken is None else taken * (1000 if in_seconds else 1), ended=True),
        )
    ]


def _front_door(entry: Mapping[str, Any], properties: Mapping[str, Any]) -> list[Fields]:
    origin = _there(properties.get("originname")) or _there(properties.get("backendhostname"))
    host = _host(f"//{origin}") if origin else _there(properties.get("hostname")) or _host(properties.get("requesturi"))
    return [
        _asked(
            entry,
            host or resource_of(entry),
            properties.get("httpstatuscode"),
            message_id=properties.get("trackingreference"),
            operation=_operation(properties.get("httpmethod"), properties.get("requesturi")),
            integration=_there(properties.get("routingrulename")),
            error_text=_there(properties.get("errorinfo")),
            bytes=properties.get("requestbytes"),
            **took(_seconds(properties.get("timetaken")), ended=True),
        )
    ]


def _app_service(entry: Mapping[str, Any], properties: Mapping[str, Any]) -> list[Fields]:
    return [
        _asked(
            entry,
            _there(properties.get("cshost")) or resource_of(entry),
            properties.get("scstatus"),
            operation=_operation(properties.get("csmethod"), properties.get("csuristem")),
            actor=_there(properties.get("csusername")),
            bytes=properties.get("csbytes"),
            **took(number(properties.get("timetaken")), ended=True),
        )
    ]


def _api_management(entry: Mapping[str, Any], properties: Mapping[str, Any]) -> list[Fields]:
    """The request to the gateway and, below it, that to the backend, of which only the duration is logged."""
    gateway, correlation = resource_of(entry), entry.get("correlationid")
    total = number(properties.get("totaltime")) or number(entry.get("durationms"))
    interface = {"integration": properties.get("apiid"), "trace_id": correlation}
    code = properties.get("responsecode")
    outer = _asked(
        entry,
        gateway,
        code,
        message_id=correlation,
        operation=properties.get("operationid") or _operation(properties.get("method"), properties.get("url")),
        error_text=properties.get("lasterrormessage") or _message(properties.get("lasterror")),
        bytes=properties.get("requestsize"),
        **interface,
        **took(total, ended=False),
    )
    reason = properties.get("lasterrorreason") or _reason(properties.get("lasterror"))
    outer |= {"error_code": reason} if reason and outer["status"] not in GOOD else {}
    backend = _host(properties.get("backendurl"))
    if backend is None or properties.get("backendresponsecode") is None:
        return [outer]
    inner = _asked(
        entry,
        backend,
        properties.get("backendresponsecode"),
        message_id=f"{correlation}/backend" if correlation else None,
        parent_id=correlation,
        operation=_operation(properties.get("backendmethod"), properties.get("backendurl")),
        **interface,
        **took(number(properties.get("backendtime")) or number(properties.get("servicetime")), ended=False),
    )
    return [outer, inner | {"source": gateway}]


def _message(error: Any) -> Any:
    return error.get("message") if isinstance(error, dict) else None


def _reason(error: Any) -> Any:
    return error.get("reason") if isinstance(error, dict) else None


def _event_grid(entry: Mapping[str, Any], properties: Mapping[str, Any]) -> list[Fields]:
    """An event that could not be published or delivered: its message is a list of name=value."""
    said = dict(KEY.findall(str(entry.get("message") or properties.get("message") or "")))
    topic = resource_of(entry)
    target = _there(said.get("fqdn")) or entry.get("eventsubscriptionname") or properties.get("eventsubscriptionname")
    return [
        {
            "message_id": said.get("id") or entry.get("correlationid"),
            "source": topic if target else CLIENT,
            "target": target or topic,
            "kind": "queue",
            "operation": entry.get("operationname"),
            "integration": entry.get("eventsubscriptionname") or properties.get("eventsubscriptionname"),
            "time": entry.get("time"),
            "status": "failed",
            "error_code": said.get("outcome") or said.get("status"),
            **took(number(said.get("latencyInMs")), ended=True),
        }
    ]


READERS = {
    "applicationgatewayaccesslog": _application_gateway,
    "frontdooraccesslog": _front_door,
    "azurecdnaccesslog": _front_door,
    "appservicehttplogs": _app_service,
    "gatewaylogs": _api_management,
    "deliveryfailures": _event_grid,
    "publishfailures": _event_grid,
}
