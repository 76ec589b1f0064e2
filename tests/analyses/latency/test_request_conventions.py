"""Real names and labels of request metrics, as their documentation shows them, and what the list makes of them."""

import re

import polars as pl
import pytest

from integrhealth.analyses.latency.request_metrics.conventions import CONVENTIONS, TIERS, conventional, outcome
from integrhealth.analyses.latency.request_metrics.series import SERIES_KEYS, request_series

NO_ALIASES = pl.DataFrame(schema={"system": pl.String, "alias": pl.String})
# A metric with its labels; then its statistic as read, source > target, side, traffic and status.
SERIES = """
http_requests_total code=200
    cumulative: - > svc, server http ok
http_requests_total client=web code=404
    cumulative: web > svc, server http rejected
http_server_requests_seconds outcome=SERVER_ERROR status=500
    count: - > svc, server http failed
http_client_requests_seconds client_name=pay status=200
    count: svc > pay, client http ok
http.server.request.duration http.response.status_code=503
    count: - > svc, server http failed
http_server_duration_milliseconds http_status_code=408
    count: - > svc, server http timeout
http.client.request.duration error.type=timeout server.address=pay
    count: svc > pay, client http timeout
rpc.server.duration rpc.grpc.status_code=4
    count: - > svc, server rpc timeout
rpc_client_duration_milliseconds rpc_grpc_status_code=0 server_address=pay
    count: svc > pay, client rpc ok
grpc_server_handled_total grpc_code=NotFound grpc_service=Cart
    cumulative: - > svc, server rpc rejected
grpc_client_handled_total grpc_code=Unavailable grpc_service=Cart
    cumulative: svc > Cart, client rpc failed
istio_requests_total destination_workload=b reporter=source response_code=200 source_workload=a
    cumulative: a > b, client any ok
istio_request_duration_milliseconds destination_workload=b reporter=destination response_code=500 source_app=unknown
    count: - > b, server any failed
istio_requests_total destination_app=b grpc_response_status=14 reporter=destination response_code=200
    cumulative: - > b, server any failed
response_total classification=failure deployment=web direction=outbound dst_deployment=api
    cumulative: web > api, client any failed
response_total classification=success deployment=api direction=inbound
    cumulative: - > api, server any ok
traces_spanmetrics_calls_total service=cart span_kind=SPAN_KIND_SERVER status_code=STATUS_CODE_UNSET
    cumulative: - > cart, server any ok
traces_spanmetrics_calls_total peer_service=db service=cart span_kind=SPAN_KIND_CLIENT status_code=STATUS_CODE_ERROR
    cumulative: cart > db, client any failed
calls service.name=cart span.kind=SERVER status.code=Error
    cumulative: - > cart, server any failed
traces_service_graph_request_total client=a server=b
    cumulative: a > b, server any unlabelled
nginx_ingress_controller_requests ingress=shop service=shop status=200
    cumulative: svc > shop, client http ok
traefik_service_requests_total code=502 service=shop@docker
    cumulative: svc > shop@docker, client http failed
traefik_entrypoint_requests_total code=200 entrypoint=web
    cumulative: - > svc, server http ok
kong_http_requests_total code=429 service=shop source=exit
    cumulative: svc > shop, client http rejected
envoy_cluster_upstream_rq_xx envoy_cluster_name=shop envoy_response_code_class=5
    cumulative: svc > shop, client any failed
envoy_cluster_upstream_rq envoy_cluster_name=shop envoy_response_code=204
    untyped: svc > shop, client any ok
haproxy_backend_http_responses_total code=4xx proxy=shop
    cumulative: svc > shop, client http rejected
RequestCount LoadBalancer=app/shop
    Sum: - > app/shop, server http unlabelled
amazonaws.com/AWS/ApiGateway/Count ApiId=x
    sum: - > x, server http unlabelled
checkout_requests_total result=success
    cumulative: - > svc, server alike ok
"""
NO_REQUESTS = [
    ('calls{service.name="cart",span.kind="INTERNAL",status.code="Ok"}', "cumulative"),
    ('http_client_requests_seconds{status="200"}', "count"),  # of nobody named
    ('istio_requests_total{destination_workload="b",response_code="200"}', "cumulative"),  # of no side
    ("http_request_duration_seconds", "sum"),
    ("http_request_duration_seconds", "created"),
    ("http_request_duration_seconds", "quantile 0.99"),
    ("http_request_size_bytes", "count"),
    ('RequestCount{AvailabilityZone="a"}', "Sum"),  # of all load balancers together
    ('RequestCount{LoadBalancer="app/shop"}', "Average"),
    ("redis_requests_total", "cumulative"),
    ("kube_pod_container_resource_requests", None),
    ("apiserver_request_slo_duration_seconds", None),
]


def read(rows):
    frame = pl.DataFrame(
        [("svc", metric, statistic, None, None) for metric, statistic in rows],
        schema=dict.fromkeys(SERIES_KEYS, pl.String),
        orient="row",
    )
    return request_series(frame.with_row_index("series").cast({"series": pl.Int64}), NO_ALIASES)


@pytest.mark.parametrize("each", re.findall(r"^(\S+) (.*)\n +(\w+): (\S+) > (\S+), (.*)$", SERIES, re.MULTILINE))
def test_a_series_counts_whose_requests(each):
    name, labels, statistic, source, target, expected = each
    pairs = [pair.partition("=") for pair in labels.split()]
    metric = name + "{" + ",".join(f'{label}="{word}"' for label, _, word in pairs) + "}"
    (row,) = read([(metric, None if statistic == "untyped" else statistic)]).rows(named=True)
    assert (row["source"] or "-", row["target"]) == (source, target)
    assert [row["side"], row["traffic"], row["status"]] == expected.split()
    assert row["part"] == "count"


@pytest.mark.parametrize("each", NO_REQUESTS, ids=lambda each: each[0].partition("{")[0])
def test_what_counts_no_requests_is_left_alone(each):
    assert read([each]).is_empty()


def test_of_sums_that_come_in_parts_the_whole_counts():
    whole, part = 'RequestCount{LoadBalancer="x"}', 'RequestCount{AvailabilityZone="a",LoadBalancer="x"}'
    assert read([(whole, "Sum"), (part, "Sum")])["series"].to_list() == [0]
    assert read([(part, "Sum")])["series"].to_list() == [0]


@pytest.mark.parametrize(
    ("label", "word", "status"),
    [
        ("code", "200", "ok"),
        ("code", "302", "ok"),
        ("code", "499", "cancelled"),
        ("code", "504", "timeout"),
        ("code", "5xx", "failed"),
        ("code", "OK", "ok"),
        ("code", "2", None),
        ("status", "UNKNOWN", None),
        ("grpc_status", "2", "failed"),
        ("grpc_code", "Unknown", "failed"),
        ("grpc_code", "Aborted", "rejected"),
        ("grpc_code", "DeadlineExceeded", "timeout"),
        ("grpc_code", "Canceled", "cancelled"),
        ("envoy_response_code_class", "2", "ok"),
        ("outcome", "CLIENT_ERROR", "rejected"),
        ("success", "false", "failed"),
        ("exception", "None", "ok"),
        ("exception", "SocketTimeoutException", "timeout"),
        ("error", "true", "failed"),
        ("result", "weird", None),
        ("status", "\u0665\u0660\u0660", None),  # digits, and no HTTP status
    ],
)
def test_a_word_says_how_a_request_ended(label, word, status):
    assert outcome(label, word) == status


def test_every_traffic_of_the_list_has_its_place():
    assert {each.traffic for each in CONVENTIONS} <= set(TIERS)
    # The surer of two that fit a name stands first.
    assert conventional(["http_requests", "grpc_server_handled", "nothing"])["base"].to_list() == [
        "http_requests",
        "grpc_server_handled",
    ]
