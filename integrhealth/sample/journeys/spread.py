"""How strongly errors must pass on for the company's reproduction number, in closed form over the call trees."""

from functools import cache

from integrhealth.sample.companies import COMPANIES, MOST_LEAK, ORIGINS, USUAL_LEAK, USUAL_ORIGIN, Company
from integrhealth.sample.journeys.flow import WAITED_FOR, Plan
from integrhealth.sample.landscape import JOURNEYS, SYSTEMS


def passing_shares(company: Company) -> dict[str, float]:
    """For each system the share of errors reaching it that it passes on; one minus it is its stopping power."""
    return _shares(company, leak_factor(company.key))


@cache
def leak_factor(key: str) -> float:
    """The factor on all leaks that gives exactly the company's reproduction number, which grows with it."""
    company, low, high = COMPANIES[key], 0.0, 3.0
    for _ in range(50):
        middle = (low + high) / 2
        if expected_reproduction(company, middle) < company.reproduction:
            low = middle
        else:
            high = middle
    return high


def _shares(company: Company, factor: float) -> dict[str, float]:
    return {system: min(MOST_LEAK, factor * company.leaks.get(system, USUAL_LEAK)) for system in SYSTEMS}


def expected_reproduction(company: Company, factor: float) -> float:
    """Failed messages with a failed cause / failed messages, expected, outage aside.

    Causes of one message lie in different branches of its tree and are independent, so that the chance of a
    failure follows from those of its causes. Every try before the last is a failed message too: it has a failed
    cause only where the parent causes it.
    """
    shares = _shares(company, factor)
    failed = uncaused = 0.0
    for journey in JOURNEYS:
        plan = Plan(journey, company)
        each = journey.share / journey.expected_messages
        for errors, roots in _expected(plan, shares):
            failed += each * errors
            uncaused += each * roots
    return 1 - uncaused / failed


def _expected(plan: Plan, shares: dict[str, float]) -> list[tuple[float, float]]:
    """For each step the expected failed messages of one journey, and those without a failed cause."""
    company, steps, parents = plan.company, plan.journey.steps, plan.journey.parents
    policy = company.retrying
    chance, expected = {}, {}
    reach: list[float] = []
    for step, parent in enumerate(parents):
        reach.append(steps[step].probability * (1.0 if parent < 0 else reach[parent]))
    for step in plan.causal_order:
        kind, target = plan.kinds[step], plan.targets[step]
        own = 0.0 if kind == "internal" else company.error_share * ORIGINS.get(target, USUAL_ORIGIN)
        tries = fault_chance(plan, step) * sum(policy.again_share**number for number in range(policy.most))
        sound, clean, parent_sound = 1 - own, 1.0, 1.0
        for cause in plan.causes[step]:
            if cause == plan.linked_parents[step]:
                sound *= 1 - shares[target] * chance[cause]
                clean *= 1 - chance[cause]
                parent_sound = 1 - chance[cause]
            else:
                often = steps[cause].probability
                sound *= 1 - shares[target] * often * chance[cause]
                clean *= 1 - often * (1 - (1 - chance[cause]) * (1 - fault_chance(plan, cause)))
        chance[step] = 1 - sound
        uncaused_tries = tries if kind in WAITED_FOR else tries * parent_sound
        expected[step] = (reach[step] * (chance[step] + tries), reach[step] * (own * clean + uncaused_tries))
    return [expected[step] for step in sorted(expected)]


def fault_chance(plan: Plan, step: int) -> float:
    """The chance that a step needs more than one try."""
    return plan.company.retrying.fault_share if plan.kinds[step] in ("request", "queue") else 0.0
