"""What is claimed of the integrations, question by question of the audit: much of it in A, what is so in B."""

from datetime import date
from typing import Any

# Company A: question | answer | who says so | when.
_CLAIMS_A = """
1  | yes     | cio               | 2025-10-01
2  | yes     | cio               | 2025-10-01
3  | yes     | cio               | 2025-10-01
4  | yes     | head of data      | 2025-10-08
5  | partial | cio               | 2025-10-01
6  | yes     | head of data      | 2025-10-08
7  | yes     | consultant        | 2025-09-15
8  | yes     | head of data      | 2025-10-08
9  | partial | warehouse manager | 2025-10-14
10 | yes     | cfo               | 2025-10-10
11 | yes     | cio               | 2025-10-01
12 | yes     | cfo               | 2025-10-10
13 | yes     | consultant        | 2025-09-15
14 | yes     | coo               | 2025-10-20
"""
CLAIMED_B = date(2025, 9, 30)
PARTIAL_B = 9


def claims(company: str) -> list[dict[str, Any]]:
    """The section ``audit`` of the catalog."""
    if company == "b":
        return [
            {"question": number, "answer": "partial" if number == PARTIAL_B else "yes", "by": "coo", "on": CLAIMED_B}
            for number in range(1, 15)
        ]
    rows = [[cell.strip() for cell in line.split("|")] for line in _CLAIMS_A.strip().splitlines()]
    return [
        {"question": int(number), "answer": answer, "by": by, "on": date.fromisoformat(on)}
        for number, answer, by, on in rows
    ]


def claim_truth(company: str, catalog: dict[str, Any], truths: dict[str, Any]) -> dict[str, Any]:
    """The claims, and which of them what is planted contradicts: counts of the catalog and of the other `truths`."""
    said = {str(entry["question"]): entry["answer"] for entry in claims(company)}
    return {"claimed": said, "contradicted": _contradicted(catalog, truths) if company == "a" else {}}


def _contradicted(catalog: dict[str, Any], truths: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """By question the counts that contradict the yes of company A."""
    built, elements = catalog["integrations"], catalog["elements"]

    def having(entries: list[dict[str, Any]], *keys: str) -> int:
        return sum(all(key in entry for key in keys) for entry in entries)

    mail, checkpoints = truths["report_mail"], truths["master_data"]["checkpoints"]
    met = [outcome["verdict"] for outcome in truths["outcomes"].values()]
    drill = [outage["verdict"] for outage in truths["outage_drill"].values()]
    needed = truths["outage"]["needed_by"].values()
    congruence, (ritual,) = truths["contacts"]["congruence"], truths["rituals"].values()
    return {
        "1": {"integrations": len(built), "with_problem": having(built, "problem")},
        "2": {"integrations": len(built), "with_beneficiary": having(built, "beneficiary")},
        "3": {"integrations": len(built), "with_owner": having(built, "owner"), "with_backup": 0},
        "4": {
            "elements": len(elements),
            "with_origin_record_owner": having(elements, "origin", "record", "owner"),
            "writers_of_the_address": len(truths["two_truths"]["writers"]),
        },
        "5": {"integrations": len(drill), "survive": drill.count("survive"), "cannot_tell": drill.count("cannot tell")},
        "6": {key: sum(ends[key] for ends in needed) for key in ("served", "deferred", "failed")},
        "7": {"load_test_messages": 0},
        "10": {"checkpoints": len(checkpoints), "caught": sum(each["caught"] for each in checkpoints.values())},
        "11": {
            "flood_ratio": mail["needed_minutes_per_day"] / mail["spent_minutes_per_day"],
            "serving_no_decision": len(mail["serving_no_decision"]),
        },
        "13": {"declared": len(met), "met": met.count("met")},
        "14": {
            "needed_pairs": congruence["needed"],
            "congruent": congruence["with_contact_on_a_day_in_thirty"],
            "ritual_planned": ritual["planned"],
            "ritual_held": ritual["held"],
        },
    }
