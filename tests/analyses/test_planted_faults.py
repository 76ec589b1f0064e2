"""What is said first of companies in which exactly one thing is wrong: that it is."""

import pytest
from drawing.findings import all_findings
from drawing.planted import FAULTS, planted

from integrhealth.analyses import overview


@pytest.mark.parametrize("seed", [100, 101])
@pytest.mark.parametrize("fault", FAULTS)
def test_the_top_finding_names_the_one_fault_that_was_planted(fault, seed):
    fault_there = planted(fault, seed)
    findings = all_findings(fault_there.evidence)
    said = findings.select("rule", "subject", "severity", "statement").rows()
    rule, subject, severity, _ = said[0]
    assert subject in fault_there.names.get(rule, ()), said[:6]
    assert severity != "note"
    page = overview.worst(findings).select("rule", "subject").rows()
    assert fault_there.must in [rule for rule, subject in page if subject in fault_there.names.get(rule, ())], page
