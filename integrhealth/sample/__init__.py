"""The sample company: raw logs of a landscape whose faults are known, to try the kit on and to measure it by."""

from integrhealth.sample.writing import write_sample

__all__ = ["write_sample"]
