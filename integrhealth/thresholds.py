"""Every threshold of the kit in one place, each with its source; "own" marks our proposal."""

# Fewer messages get no percentile, rate or verdict (own; about where the interval of a median stops being useless).
MIN_MESSAGES = 30
# Fewer roots get no reproduction number (own).
MIN_ROOTS = 30
# Reproduction number: below contained, above runaway risk (own; mean cascades of 1.4 and 3.3 messages).
CONTAINED, RUNAWAY = 0.3, 0.7
# A trace_id shared by more messages is a constant, not a trace (own).
MAX_TRACE_MESSAGES = 100_000
