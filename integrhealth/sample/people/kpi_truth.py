"""Who made the orders late: the exact Shapley values of on-time delivery, order by order over every sequence."""

from itertools import combinations, permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from integrhealth.sample.people.stages import DELIVERY, ORDERS, STAGES, Made

DEPARTMENTS = tuple(dict.fromkeys(department for _, department in STAGES))


def late(made: Made, really: frozenset[str]) -> NDArray:
    """Which orders are delivered late, if only these departments did as they did and the others as planned.

    Sales as planned promises nothing that is not feasible.
    """
    counts = np.array([department in really for _, department in STAGES])
    delivered = made.ends(made.longer * counts[:, None])[DELIVERY]
    promised = made.promised if "sales" in really else np.maximum(made.promised, made.feasible)
    return delivered > promised


def kpi_truth(made: Made) -> dict[str, Any]:
    """Late orders, and how many of them each department answers for by four rules, of which the first is the fair one.

    ``shapley``: over every sequence of the departments the mean of what each adds. ``points``: the same in percentage
    points of all orders. ``only_both``: orders late with both of a pair as they were, and with neither of them alone.
    """
    ended = late(made, frozenset(DEPARTMENTS))
    shapley = dict.fromkeys(DEPARTMENTS, 0.0)
    sequences = list(permutations(DEPARTMENTS))
    for sequence in sequences:
        for place, department in enumerate(sequence):
            before, after = (late(made, frozenset(sequence[:end])) for end in (place, place + 1))
            shapley[department] += float((after.astype(int) - before).sum()) / len(sequences)
    alone = {department: late(made, frozenset([department])) for department in DEPARTMENTS}
    both = {
        f"{one} and {other}": int((late(made, frozenset([one, other])) & ~alone[one] & ~alone[other]).sum())
        for one, other in combinations(DEPARTMENTS, 2)
    }
    return {
        "orders": ORDERS,
        "late": int(ended.sum()),
        "late_as_planned": int(late(made, frozenset()).sum()),
        "shapley": shapley,
        "points": {department: value / ORDERS * 100 for department, value in shapley.items()},
        "late_alone": {department: int(rows.sum()) for department, rows in alone.items()},
        "only_both": both,
        "last_stage_blamed": _blamed(made, ended, last=True),
        "first_late_stage_blamed": _blamed(made, ended, last=False),
        "promised_too_early": int((made.promised < made.feasible).sum()),
        "late_stages": {stage: int((longer > 0).sum()) for (stage, _), longer in zip(STAGES, made.longer, strict=True)},
    }


def _blamed(made: Made, ended: NDArray, *, last: bool) -> dict[str, int]:
    """The wrong rules: all of a late order to its last stage that took longer up to delivery, or to its first."""
    longer = made.longer[: DELIVERY + 1] > 0
    longer[0] = made.promised < made.feasible
    place = DELIVERY - np.argmax(longer[::-1], axis=0) if last else np.argmax(longer, axis=0)
    return {
        department: int(sum((ended & (place == at)).sum() for at, (_, name) in enumerate(STAGES) if name == department))
        for department in DEPARTMENTS
    }
