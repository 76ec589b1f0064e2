"""What counters and histograms of requests are called by convention, and what their labels say: one list to read.

A name is looked up without ``_total``, ``_bucket``, ``_count`` and its unit, points as underscores: the counter
``http_requests_total`` as http_requests, the histogram ``http.server.request.duration`` as
http_server_request_duration. A mapping says of other names what they are (``meaning`` in the frame metrics).
"""

import re
from typing import NamedTuple

import polars as pl

from integrhealth.language.http_outcomes import http_outcome
from integrhealth.language.schema import COUNT, TEXT

# Who counted: the system that was asked, the one that asks, or, by one of its labels, either of them.
SERVER, CLIENT, EITHER = "server", "client", "either"
# Metrics of different traffic of one system add up; of the same traffic one counts, the first of the list. What counts
# any kind of traffic stands back behind what knows its own, and what only looks like requests behind both.
TIERS = {"mapped": 0, "http": 1, "rpc": 1, "messaging": 1, "any": 2, "alike": 3}


class Convention(NamedTuple):
    """Names of one kind (a pattern for the whole of them), what traffic they count, who counts it, and the unit of
    their times where neither the name nor the metric has one. ``target`` are labels that name who was asked, ``source``
    who asks; the system of the metric is the other side. ``failed`` counts only the requests that failed.
    """

    names: str
    traffic: str
    side: str
    source: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    unit: str = "s"
    failed: bool = False


# Who asks, as applications label it, and whom a client asks.
CALLERS = ("client", "caller", "source", "client_service", "calling_service", "source_service", "consumer")
ASKED = ("target", "destination", "peer_service", "server_address", "net_peer_name", "client_name", "remote_service")
MESH_SOURCE = ("source_canonical_service", "source_workload", "source_app")
MESH_TARGET = ("destination_canonical_service", "destination_workload", "destination_service_name", "destination_app")
SPAN_SYSTEM = ("service_name", "service")
# What looks like requests, and not like those that a system asks of others.
NOT_ASKING = "(?!.*(client|outgoing|outbound|upstream|cache|redis|sql|database|db_))[a-z0-9_]+"

CONVENTIONS = (
    # OpenTelemetry, HTTP and RPC (also as Prometheus writes them); "http_server_duration" until version 1.20.
    Convention("http_server_request_duration", "http", SERVER, CALLERS),
    Convention("http_server_duration", "http", SERVER, CALLERS, unit="ms"),
    Convention("http_client_request_duration", "http", CLIENT, (), ASKED),
    Convention("http_client_duration", "http", CLIENT, (), ASKED, unit="ms"),
    Convention("rpc_server_(call_)?duration", "rpc", SERVER, CALLERS, unit="ms"),
    Convention("rpc_client_(call_)?duration", "rpc", CLIENT, (), (*ASKED, "rpc_service"), unit="ms"),
    Convention("messaging_process_duration", "messaging", SERVER),
    # Micrometer (Spring Boot, Quarkus), ktor.
    Convention("(ktor_)?http_server_requests", "http", SERVER, CALLERS),
    Convention("http_client_requests", "http", CLIENT, (), ASKED),
    # What the client libraries of Prometheus suggest and most applications follow.
    Convention("http_requests|http_request_duration|http_(request_)?latency", "http", SERVER, CALLERS, ()),
    # gRPC's interceptors for Prometheus, and gRPC itself.
    Convention("grpc_server_(handled|handling)", "rpc", SERVER, CALLERS),
    Convention("grpc_client_(handled|handling)", "rpc", CLIENT, (), (*ASKED, "grpc_service")),
    Convention("grpc_server_call_duration", "rpc", SERVER, CALLERS),
    Convention("grpc_client_attempt_duration", "rpc", CLIENT, (), (*ASKED, "grpc_target")),
    # Meshes: Istio, Linkerd.
    Convention("istio_(requests|request_duration)", "any", EITHER, MESH_SOURCE, MESH_TARGET, unit="ms"),
    Convention("response(_latency)?", "any", EITHER, ("deployment",), ("dst_deployment", "deployment"), unit="ms"),
    # Spans counted: the spanmetrics connector, Tempo; the service graph.
    Convention("(traces_)?(span_?metrics_|span_metrics_)(calls|duration|latency)", "any", EITHER, (), ASKED, unit="ms"),
    Convention("calls", "any", EITHER, (), ASKED),
    Convention("traces_service_graph_request(_server)?", "any", SERVER, ("client",), ("server",)),
    Convention("traces_service_graph_request_client", "any", CLIENT, ("client",), ("server",)),
    Convention("traces_service_graph_request_failed", "any", SERVER, ("client",), ("server",), failed=True),
    # Proxies, which ask who stands behind them: ingress-nginx, Traefik, Kong, Envoy, HAProxy.
    Convention(
        "nginx_ingress_controller_(requests|request_duration)", "http", CLIENT, (), ("exported_service", "service")
    ),
    Convention("traefik_service_(requests|request_duration)", "http", CLIENT, (), ("service", "exported_service")),
    Convention("traefik_entrypoint_(requests|request_duration)", "http", SERVER),
    Convention("kong_(http_requests|request_latency)", "http", CLIENT, (), ("service", "exported_service"), unit="ms"),
    Convention("envoy_cluster_upstream_rq(_xx|_time)?", "any", CLIENT, (), ("envoy_cluster_name",), unit="ms"),
    Convention("haproxy_backend_http_responses", "http", CLIENT, (), ("proxy", "backend")),
    # Load balancers and gateways of AWS, as CloudWatch names them.
    Convention("(.*/)?aws/apigateway/count", "http", SERVER, (), ("ApiName", "ApiId")),
    Convention("(.*/)?aws/apigateway/[45]xx(error)?", "http", SERVER, (), ("ApiName", "ApiId"), failed=True),
    Convention("(.*/)?requestcount", "http", SERVER, (), ("LoadBalancer",)),
    Convention("(.*/)?httpcode_(target|elb)_[45]xx(_count)?", "http", SERVER, (), ("LoadBalancer",), failed=True),
    # Whatever else is called requests, with what failed of them and how long they took.
    Convention(f"{NOT_ASKING}_requests?_(failed|failures|errors)", "alike", SERVER, CALLERS, failed=True),
    Convention(f"{NOT_ASKING}_requests?(_duration|_latency)?", "alike", SERVER, CALLERS),
)
# What a mapping says of its own metrics: whoever a label names, from either side.
MAPPED = Convention("", "mapped", EITHER, CALLERS, ASKED)
# CloudWatch counts anew in each period, which is the sum of its values; it gives every sum once more for the parts of
# each label, and once for all systems together: of these names those with the fewest labels that name one count.
IN_PARTS = r"(.*/)?(aws/apigateway/.*|requestcount|httpcode_.*)"

# The labels that tell how a request ended, the surest first, and in which words.
HTTP, GRPC, WORD, ERROR = "http", "grpc", "word", "error"
STATUS_LABELS = {
    # A call of gRPC that failed has the HTTP status 200 beside.
    "rpc_grpc_status_code": GRPC,
    "rpc_response_status_code": GRPC,
    "grpc_response_status": GRPC,
    "grpc_status": GRPC,
    "grpc_code": GRPC,
    "http_response_status_code": HTTP,
    "http_status_code": HTTP,
    "response_code": HTTP,
    "envoy_response_code": HTTP,
    "envoy_response_code_class": HTTP,
    "status_code": HTTP,
    "code": HTTP,
    "status": HTTP,
    "outcome": WORD,
    "classification": WORD,
    "result": WORD,
    "success": WORD,
    "error_type": ERROR,
    "exception": ERROR,
    "error": ERROR,
}
GRPC_NAMES = (
    *("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS"),
    *("PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED"),
    *("INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"),
)
GRPC_WORDS = {name.replace("_", "").casefold(): name for name in GRPC_NAMES} | {"canceled": "CANCELLED"}
# Failures of the server by the OpenTelemetry conventions for RPC; the other codes say that the request was refused.
GRPC_FAULTS = ("UNKNOWN", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS")
WORDS = {
    **dict.fromkeys(("ok", "success", "successful", "succeeded", "true", "redirection", "informational"), "ok"),
    **dict.fromkeys(("unset", "status_code_unset", "status_code_ok"), "ok"),
    **dict.fromkeys(("error", "failed", "failure", "fail", "false", "server_error", "status_code_error"), "failed"),
    **dict.fromkeys(("client_error", "rejected", "denied", "refused", "throttled"), "rejected"),
    **dict.fromkeys(("timeout", "timed_out", "timedout", "deadline_exceeded"), "timeout"),
    **dict.fromkeys(("cancelled", "canceled", "aborted"), "cancelled"),
}
NO_ERROR = ("", "none", "false", "no", "n/a", "null", "0")
# What a label says where it names nobody.
NOBODY = ("", "unknown", "none", "null", "n/a", "-", "passthroughcluster", "blackholecluster")
# The labels that say who counted, where a metric comes from either side.
SIDES = ("reporter", "direction", "span_kind")
SIDE_WORDS = {
    **dict.fromkeys(("destination", "inbound", "server", "consumer", "span_kind_server", "span_kind_consumer"), SERVER),
    **dict.fromkeys(("source", "outbound", "client", "producer", "span_kind_client", "span_kind_producer"), CLIENT),
}
# The labels that name one of several processes of a system, whose counters begin anew together.
PROCESS = (
    *("instance", "pod", "pod_name", "kubernetes_pod_name", "k8s_pod_name", "service_instance_id", "container_id"),
    *("host", "host_name", "hostname", "node", "replica", "task"),
)
UNITS_MS = {
    **dict.fromkeys(("s", "seconds", "second", "sec"), 1000.0),
    **dict.fromkeys(("ms", "milliseconds", "millisecond"), 1.0),
    **dict.fromkeys(("us", "microseconds", "µs"), 1e-3),
    **dict.fromkeys(("ns", "nanoseconds"), 1e-6),
    **dict.fromkeys(("min", "minutes"), 60_000.0),
}
UNIT_SUFFIX = r"_(seconds|milliseconds|microseconds|nanoseconds|minutes|sec|ms|us|ns|s)$"


def outcome(label: str, written: str) -> str | None:
    """The canonical status that the label says in the word `written`; None where it says none that is known."""
    kind, word = STATUS_LABELS[label], written.strip().casefold()
    if kind == ERROR:
        return "ok" if word in NO_ERROR else "timeout" if re.search(r"time.?d?.?out|deadline", word) else "failed"
    if kind == GRPC and word.isdecimal() and int(word) < len(GRPC_NAMES):
        return grpc_outcome(GRPC_NAMES[int(word)])
    name = GRPC_WORDS.get(re.sub(r"[ _-]", "", word))
    if kind == GRPC and name is not None:
        return grpc_outcome(name)
    if word in WORDS:
        return WORDS[word]
    # Of an HTTP status it is not known, of a gRPC status it is one of the failures.
    if name is not None and name != "UNKNOWN":
        return grpc_outcome(name)
    hundred = re.fullmatch(r"([1-5])xx", f"{word}xx" if label.endswith("_class") else word)
    return http_outcome(f"{hundred[1]}00" if hundred else word)


def grpc_outcome(name: str) -> str:
    """The canonical status of a gRPC code by its name, as an HTTP status is judged."""
    alike = {"OK": "ok", "CANCELLED": "cancelled", "DEADLINE_EXCEEDED": "timeout"}
    return alike.get(name) or ("failed" if name in GRPC_FAULTS else "rejected")


def conventional(names: list[str]) -> pl.DataFrame:
    """One row per name that a convention fits, in their order: base, and the place of the convention in the list."""
    rows = [
        (name, place)
        for name in names
        for place, convention in enumerate(CONVENTIONS)
        if re.fullmatch(convention.names, name.casefold())
    ]
    frame = pl.DataFrame(rows, schema={"base": TEXT, "convention": COUNT}, orient="row")
    return frame.unique("base", keep="first", maintain_order=True)
