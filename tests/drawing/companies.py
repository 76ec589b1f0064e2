"""Companies drawn from a seed: systems, the calls between them, and how often each flow of work begins."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np

NAMES = (
    *("shop", "portal", "erp", "wms", "payments", "crm", "pim", "tms", "billing", "finance", "mdm", "edi", "pricing"),
    *("carrier", "notify", "bi", "planning", "mes", "bank", "archive"),
)
TYPES = ("order", "return", "shipment", "quote", "claim", "invoice", "contract", "visit", "delivery", "ticket")
SPRING, ADVENT = datetime(2026, 3, 2, tzinfo=UTC), datetime(2025, 11, 24, tzinfo=UTC)


@dataclass(frozen=True)
class Call:
    """One call of a flow: who calls whom, how long it takes and how often it fails by itself.

    ``waits_for`` are made one after the other before the answer, ``then`` sent away afterwards. ``declined``: the share
    that business turns down, ``held`` the share that a checkpoint looks at. ``seen``: what is logged, by the sender
    alone or by both sides.
    """

    integration: str
    source: str
    target: str
    operation: str
    kind: str = "request"
    work_seconds: float = 0.05
    fails: float = 0.0
    retries: int = 0
    constant_pause: bool = False
    declined: float = 0.0
    held: float = 0.0
    seen: str = "both"
    waits_for: tuple["Call", ...] = ()
    then: tuple["Call", ...] = ()


@dataclass(frozen=True)
class Flow:
    """One kind of work: its first call, the object it is about, how often it begins, by day or by night."""

    object_type: str
    call: Call
    roots: int
    nightly: bool = False


@dataclass(frozen=True)
class Outage:
    """A system that fails the share of what it is asked for between two moments (seconds since the start)."""

    system: str
    share: float
    begins: float = 0.0
    ends: float = np.inf


@dataclass(frozen=True)
class Company:
    """Everything that a simulated company is made of, before anything happens."""

    seed: int
    hub: bool
    systems: tuple[str, ...]
    flows: tuple[Flow, ...]
    start: datetime
    days: int
    peak: bool
    handles_declines: bool
    clocks: dict[str, float]
    outages: tuple[Outage, ...] = field(default=())


def calls(call: Call) -> list[Call]:
    """A call with all that it leads to, itself first."""
    return [call] + [each for below in call.waits_for + call.then for each in calls(below)]


def changed(call: Call, change) -> Call:
    """The tree of a call after `change` of each of its calls, from the leaves up."""
    return change(
        replace(
            call,
            waits_for=tuple(changed(each, change) for each in call.waits_for),
            then=tuple(changed(each, change) for each in call.then),
        )
    )


def drawn_company(seed: int, *, hub: bool | None = None) -> Company:
    """A healthy company: whatever is asked of it, less than 0.4% is lost on the way."""
    rng = np.random.default_rng([seed, 1])
    hub = seed % 2 == 0 if hub is None else hub
    systems = NAMES[: rng.integers(8, 21)]
    systems = (*systems[:5], *rng.permutation(systems[5:]).tolist())
    calls_left, trees = int(rng.integers(15, 41)), []
    rest = list(systems[5:])
    while calls_left > 0 and len(trees) < len(TYPES):
        tree = (_through_hub if hub else _through_layers)(rng, systems, rest, TYPES[len(trees)])
        trees.append(tree)
        calls_left -= len(calls(tree))
    trees = [_budgeted(tree, rng) for tree in trees]
    messages = rng.integers(10_000, 19_000)
    weights = rng.dirichlet([8.0, *[4.0] * (len(trees) - 1)])
    flows = [
        Flow(TYPES[i], tree, max(60, int(messages * weight / len(calls(tree)))))
        for i, (tree, weight) in enumerate(zip(trees, weights, strict=True))
    ]
    last = systems[-1]
    load = _call(rng, "erp", last, "load extract", kind="batch", work_seconds=90, retries=1)
    file = _call(rng, last, "finance", "write extract", kind="file", work_seconds=30, retries=1)
    days = int(rng.integers(3, 7)) * 7
    if rng.random() < 0.7:
        load = _budgeted(replace(load, then=(file,) if last != "finance" else ()), rng)
        flows.append(Flow("extract", load, days * int(rng.integers(8, 25)), nightly=True))
    peak = bool(rng.random() < 0.4)
    used = dict.fromkeys(name for flow in flows for each in calls(flow.call) for name in (each.source, each.target))
    return Company(
        seed=seed,
        hub=hub,
        systems=tuple(used),
        flows=tuple(flows),
        start=ADVENT if peak else SPRING,
        days=days,
        peak=peak,
        handles_declines=bool(rng.random() < 0.5),
        clocks={name: float(rng.uniform(-0.2, 0.2)) for name in used},
    )


def _call(rng: np.random.Generator, source: str, target: str, operation: str, **options) -> Call:
    retries = int(rng.choice([0, 2, 3])) if not options.get("waits_for") else 0
    work = float(rng.lognormal(np.log(0.06), 0.7))
    seen = "sender" if options.get("kind", "request") == "request" and rng.random() < 0.4 else "both"
    return Call(
        f"{source}-{target} {operation}",
        source,
        target,
        operation,
        **{"retries": retries, "work_seconds": work, "seen": seen} | options,
    )


def _queued(rng: np.random.Generator, source: str, targets: list[str], operation: str, **options) -> tuple[Call, ...]:
    return tuple(
        _call(rng, source, target, operation, kind="queue", **options) for target in targets if target != source
    )


def _through_hub(rng: np.random.Generator, systems: tuple[str, ...], rest: list[str], of: str) -> Call:
    """A front asks the hub, which asks one or two others and sends the result to some more."""
    front = systems[int(rng.integers(0, 2))]
    below = _spread_out(rng, rest, int(rng.integers(1, 3)))
    asked = [_call(rng, "erp", target, f"check {of}") for target in below]
    if of == "order":
        asked.append(_call(rng, "erp", "payments", "authorize payment", declined=float(rng.uniform(0.02, 0.05))))
    receivers = list(dict.fromkeys(["wms", *_spread_out(rng, rest, int(rng.integers(1, 4)))]))
    told = _queued(rng, "erp", receivers, f"send {of}")
    if of == "order":
        told = (replace(told[0], held=float(rng.uniform(0.01, 0.03))), *told[1:])
    return _call(rng, front, "erp", f"place {of}", waits_for=tuple(asked), then=told)


def _through_layers(rng: np.random.Generator, systems: tuple[str, ...], rest: list[str], of: str) -> Call:
    """Three or four layers, each waiting for the one below; some results are sent on from the second layer."""
    front, second = systems[int(rng.integers(0, 2))], systems[int(rng.integers(2, 4))]
    third, *others = _spread_out(rng, rest, int(rng.integers(2, 4)))
    lowest = tuple(_call(rng, third, target, f"read {of}") for target in others[:1] if rng.random() < 0.6)
    asked = [_call(rng, second, third, f"check {of}", waits_for=lowest)]
    if of == "order":
        asked.append(_call(rng, second, "payments", "authorize payment", declined=float(rng.uniform(0.02, 0.05))))
    receivers = [name for name in dict.fromkeys(["erp", "wms", *others[1:]]) if name != second]
    told = _queued(rng, second, receivers[: int(rng.integers(1, 4))], f"send {of}")
    if of == "order":
        told = (replace(told[0], held=float(rng.uniform(0.01, 0.03))), *told[1:])
    return _call(rng, front, second, f"place {of}", waits_for=tuple(asked), then=told)


def _spread_out(rng: np.random.Generator, rest: list[str], count: int) -> list[str]:
    """Some of the systems, the first ones in line, which then go to its end: all get work."""
    count = min(count, len(rest))
    chosen, rest[:] = rest[:count], rest[count:] + rest[:count]
    return chosen


def _budgeted(tree: Call, rng: np.random.Generator) -> Call:
    """Failure rates between 0 and 0.3%, smaller where all that is not tried again would come above 0.4% together.

    So neither a call with what it waits for nor the whole way to the last system misses a promise of 99.5%.
    """
    every = _leaves_first(tree)
    rates = rng.uniform(0, 0.003, len(every))
    final = np.array([each.retries == 0 for each in every])
    rates[final] *= min(1.0, 0.004 / max(rates[final].sum(), 1e-9))
    drawn = iter(rates)
    return changed(tree, lambda call: replace(call, fails=float(next(drawn))))


def _leaves_first(call: Call) -> list[Call]:
    return [each for below in call.waits_for + call.then for each in _leaves_first(below)] + [call]
