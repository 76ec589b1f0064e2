"""What is supposed of a landscape: systems that are down for good, and repairs that take longer than they do today."""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import polars as pl

REMOVED, FALLBACK, QUEUE, SLOWER = "remove_system", "add_fallback", "add_queue", "double_repair"
CHANGES = (REMOVED, FALLBACK, QUEUE, SLOWER)


class Suppositions(NamedTuple):
    """Systems that are ``removed``, and how many times as long repairs take, of systems and of integrations."""

    removed: frozenset[str] = frozenset()
    of_systems: Mapping[str, float] = MappingProxyType({})
    of_integrations: Mapping[str, float] = MappingProxyType({})


AS_IT_IS = Suppositions()


def suppositions(supposed: pl.DataFrame) -> Suppositions:
    """What the catalog's frame `supposed` says; a fallback or a queue stands with the integrations of the catalog."""
    removed = supposed.filter(change=REMOVED)["system"].drop_nulls()
    factors = (
        dict(supposed.select(place, "repair_factor").drop_nulls().iter_rows()) for place in ("system", "integration")
    )
    return Suppositions(frozenset(removed), *factors)


def without(removed: Collection[str]) -> pl.Expr:
    """Whether neither ``source`` nor ``target`` of a row is one of the `removed` systems."""
    return ~pl.any_horizontal(pl.col("source", "target").is_in(sorted(removed)))


def with_longer_repairs(availability: Any, factor: Any) -> Any:
    """`availability` (numbers or an expression) where every repair takes `factor` times as long as it does.

    Availability = M / (M + R), with M between failures and R to repair them (IEC 60050-192); M / (M + f R) is
    a / (a + f (1 - a)).
    """
    return availability / (availability + factor * (1 - availability))
