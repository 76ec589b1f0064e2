"""What was planted in the master data: how far wrong values went, whether a hold would pay, what checkpoints caught."""

from collections import Counter
from typing import Any

import numpy as np

from integrhealth.sample.master_data.changes import Fed, checkpoint_of, reloaded
from integrhealth.sample.master_data.feeds import Feed

HOUR_US = 3_600_000_000
# A decision that took less was none (the kit's own threshold).
STAMP_US = 10_000_000


def feed_counts(fed: list[Fed]) -> Counter:
    """What the feeds add to the counts of the whole: messages by system and integration, none of them failed."""
    counts: Counter = Counter()
    for each in fed:
        for place, edge in enumerate(each.entries.feed.edges):
            rows = int(each.first.there[place].sum() + each.correction.there[place].sum())
            counts["log", "master_data", "not_failed"] += rows
            counts["integration", edge.integration.name, "messages"] += rows
            for what in ("complete", "written", "outside_outage"):
                counts[what, "systems", edge.integration.target, "messages"] += rows
                if edge.after >= 0:
                    counts[what, "names_parent"] += rows
                    counts[what, "has_parent"] += rows
    return counts


def master_data(fed: list[Fed]) -> dict[str, Any]:
    """The feeds by their first integration, and the checkpoints by name."""
    company = fed[0].entries.company
    return {
        "window_days": 30,
        "feeds": {each.entries.feed.first: _feed(each) for each in fed},
        "checkpoints": {
            point.name: _checkpoint(each)
            for each in fed
            if (point := checkpoint_of(each.entries.feed, company)) is not None
        },
    }


def _feed(each: Fed) -> dict[str, Any]:
    entries, feed, wrong = each.entries, each.entries.feed, each.entries.wrong
    detected_us = (entries.detected_us - entries.entered_us)[wrong]
    first = each.first.there[0] & ~entries.caught
    return {
        "feed": feed.name,
        "element": feed.element,
        "object_type": feed.object_type,
        "origin": feed.origin,
        "integrations": [edge.integration.name for edge in feed.edges],
        "entries": wrong.size,
        "wrong": int(wrong.sum()),
        "second_entries_of_an_object": int(entries.again.sum()),
        "written_again_by_a_job": int(reloaded(entries).sum()),
        "messages": int(each.first.there.sum() + each.correction.there.sum()),
        "delivered_on_first": int(first.sum() + each.correction.there[0].sum()),
        "median_minutes_to_notice": float(np.median(detected_us)) / 60e6 if detected_us.size else None,
        "noticed_within": {f"{hours}h": int((detected_us <= hours * HOUR_US).sum()) for hours in (1, 24)},
        "contamination": _contamination(each),
        "hold": _hold(each),
    }


def _contamination(each: Fed) -> dict[str, Any]:
    """Where wrong values stood between their entry and their detection. The system of origin counts, also for those
    that never left it."""
    entries, wrong = each.entries, each.entries.wrong
    reached = each.first.there & wrong & ~entries.caught
    us = np.where(reached, entries.detected_us - each.first.finished_us, 0).sum(axis=1)
    held = {entries.feed.origin: int(wrong.sum())}
    hours = {entries.feed.origin: int((entries.detected_us - entries.entered_us)[wrong].sum()) / HOUR_US}
    for place, edge in enumerate(entries.feed.edges):
        held[edge.integration.target] = int(reached[place].sum())
        hours[edge.integration.target] = int(us[place]) / HOUR_US
    per_entry = 1 + reached.sum(axis=0)[wrong]
    return {
        "systems": int(per_entry.sum()),
        "entries_by_systems": {str(size): int((per_entry == size).sum()) for size in range(1, len(held) + 1)},
        "messages": int(reached.sum()),
        "entries_held_by_system": held,
        "hours_held_by_system": hours,
        "entries_by_integration": {
            edge.integration.name: int(reached[place].sum()) for place, edge in enumerate(entries.feed.edges)
        },
    }


def _hold(each: Fed) -> dict[str, Any]:
    """Whether it pays to hold back every message of the first integration, for what left the origin wrong.

    A checkpoint has the better claim (approval) where it saved more than a hold in its place would have, which would
    have had to deal with what the checkpoint caught as well.
    """
    entries, feed = each.entries, each.entries.feed
    released, caught = int((entries.wrong & ~entries.caught).sum()), int(entries.caught.sum())
    delivered = int((each.first.there[0] & ~entries.caught).sum() + each.correction.there[0].sum())
    best, at_once, held = _best_hold(feed, released / max(delivered, 1))
    _, all_at_once, all_held = _best_hold(feed, (released + caught) / max(delivered, 1))
    in_its_place = delivered * (all_at_once - all_held)
    let_go_us = sum(
        int((sent.released_us - sent.sent_us[0])[sent.held & sent.there[0] & kept].sum())
        for sent, kept in ((each.first, ~entries.caught), (each.correction, entries.wrong))
    )
    by_checkpoint = feed.error_cost * caught - feed.delay_cost_per_hour * let_go_us / HOUR_US
    pays = "hold" if best else "instant" if feed.half_life_minutes else "a hold cannot help"
    return {
        "delay_cost_per_hour": feed.delay_cost_per_hour,
        "error_cost": feed.error_cost,
        "released_wrong": released,
        "released_wrong_share": released / max(delivered, 1),
        "notice_rate_per_hour": _detection_rate(feed),
        "noticed_after_hours": list(feed.detected_hours) if feed.detected_hours else None,
        "best_hold_minutes": 60 * best,
        "cost_per_message_at_once": at_once,
        "cost_per_message_with_the_best_hold": held,
        "saved_by_the_best_hold": delivered * (at_once - held),
        "saved_by_the_checkpoint": by_checkpoint if entries.held.any() else None,
        "saved_by_a_hold_in_its_place": in_its_place if entries.held.any() else None,
        "verdict": "approval" if by_checkpoint > max(0.0, in_its_place) else pays,
    }


def _best_hold(feed: Feed, wrong_share: float) -> tuple[float, float, float]:
    """Hours of the hold that costs least, and the costs of a message sent at once and with that hold.

    The cost of h hours is c h + p C (1 - F(h)), p being `wrong_share`. With a constant rate of detection the best h is
    ln(p C rate / c) / rate, none if that is negative. A feed that is detected late has F = 0 for days: none.
    """
    at_once, rate = wrong_share * feed.error_cost, _detection_rate(feed)
    if rate is None or at_once * rate <= feed.delay_cost_per_hour:
        return 0.0, at_once, at_once
    hours = float(np.log(at_once * rate / feed.delay_cost_per_hour)) / rate
    return hours, at_once, feed.delay_cost_per_hour * (hours + 1 / rate)


def _detection_rate(feed: Feed) -> float | None:
    """Detections per hour of a wrong value not yet detected, null where it is not constant."""
    return 60 * float(np.log(2)) / feed.half_life_minutes if feed.half_life_minutes else None


def _checkpoint(each: Fed) -> dict[str, Any]:
    """Exact counts of one checkpoint; ``caught`` were turned down, a stamped one lets wrong values pass like right."""
    entries, feed = each.entries, each.entries.feed
    point = checkpoint_of(feed, entries.company)
    corrections = each.correction.held & each.correction.there[0]
    reviewed = ((each.first, entries.held, entries.caught), (each.correction, corrections, np.zeros_like(corrections)))
    took_us, rejected = (
        np.concatenate(parts)
        for parts in zip(
            *((sent.released_us[held] - sent.sent_us[0][held], caught[held]) for sent, held, caught in reviewed),
            strict=True,
        )
    )
    held_right = int((entries.held & ~entries.wrong).sum()) + int(corrections.sum())
    right = int((~entries.wrong).sum()) + int(each.correction.there[0].sum())
    wrong, caught = int(entries.wrong.sum()), int(entries.caught.sum())
    held_wrong = int((entries.held & entries.wrong).sum())
    return {
        "integration": feed.first,
        "held": took_us.size,
        "held_wrong": held_wrong,
        "caught": caught,
        "wrong": wrong,
        "catch_rate": held_wrong / wrong if wrong else None,
        "caught_share": caught / wrong if wrong else None,
        "held_right": held_right,
        "right": right,
        "false_hold_rate": held_right / took_us.size if took_us.size else None,
        "median_hold_minutes": float(np.median(took_us)) / 60e6 if took_us.size else None,
        "released_within_10_s": int((~rejected & (took_us < STAMP_US)).sum()),
        "stamped": point.stamped,
    }
