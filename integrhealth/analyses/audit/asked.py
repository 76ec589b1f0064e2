"""The fourteen questions of the audit, in the words in which people are asked."""

ASKED = {
    1: "Can you state in one sentence the problem each integration solves?",
    2: "Is there a named beneficiary, and do they use it?",
    3: "Does every integration have a named person as owner?",
    4: "Does every data element have one origin, one record, one owner?",
    5: "Is it decided what happens at 2 AM on the busiest day?",
    6: "If one system stops, do the others degrade gracefully?",
    7: "Has it been tested at ten times normal volume?",
    8: "Does every transaction leave a full trail?",
    9: "Are returns, partials, cancellations, credit notes and disputes handled?",
    10: "Do high-stakes flows pass a checkpoint where delay is cheaper than error?",
    11: "Does each report serve a decision, and is it read?",
    12: "Do the foundation links tie out before more is built on them?",
    13: "Can you show the integration improved a metric set in advance?",
    14: "Do the teams it connects talk, and share a KPI?",
}
