"""Every threshold of the kit in one place, each with its source; "own" marks our proposal.

A module per report, and one for what several use; imported from here.
"""

from integrhealth.language.thresholds.accountability import *
from integrhealth.language.thresholds.audit import *
from integrhealth.language.thresholds.collaboration import *
from integrhealth.language.thresholds.dependency_fragility import *
from integrhealth.language.thresholds.error_propagation import *
from integrhealth.language.thresholds.latency import *
from integrhealth.language.thresholds.overview import *
from integrhealth.language.thresholds.reconciliation import *
from integrhealth.language.thresholds.report_overload import *
from integrhealth.language.thresholds.shared import *
