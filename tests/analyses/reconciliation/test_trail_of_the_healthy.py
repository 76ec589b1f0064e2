"""Of healthy companies no gap in the trail and no loss of meaning is said: only that they copy what they send."""

import polars as pl
import pytest
from drawing.landscapes import healthy

from integrhealth.analyses.reconciliation.trail.findings import trail_findings
from integrhealth.analyses.reconciliation.trail.questions import trail_integrations, trail_whole
from integrhealth.analyses.reconciliation.transforms.findings import transform_findings
from integrhealth.analyses.reconciliation.transforms.questions import transform_fields, transforms


@pytest.mark.parametrize("seed", range(8))
def test_of_healthy_companies_is_said_that_they_copy_and_no_more(seed):
    logs = healthy(seed)
    declared, fields = logs.catalog.integrations, transform_fields(logs)
    assert pl.concat(trail_findings(trail_integrations(logs), integrations=declared)).is_empty()
    assert trail_whole(logs)["verdict"].item() == "full"
    said = pl.concat(transform_findings(transforms(logs), fields, integrations=declared))
    assert said.select("rule", "severity").rows() == [("passes_through", "note")]
    assert set(transforms(logs)["verdict"]) <= {"passes through", "cannot tell"}
    assert fields["paired"].sum() > 0.98 * fields["n"].sum()
