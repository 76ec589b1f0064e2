"""Thresholds of dependency fragility alone."""

# A path question asked by a smaller share of an object type's traces is no capability of the business (own).
CAPABILITY_SHARE = 0.05
# An edge seen in fewer traces of a capability is noise, not structure (own).
MIN_EDGE_TRACES = 3
# Asked for work in at least this share of the completed traces, of which there must be so many: needed (own).
ALWAYS_CALLED_SHARE, ALWAYS_CALLED_TRACES = 0.999, 300
# A fallback tested within so many days is one that works; beyond the first number the test is said to be old (own).
FALLBACK_FRESH_DAYS, FALLBACK_TEST_DAYS = 90, 365
# Up to so many systems every state is counted, above it so many states are drawn (own: a second of work).
MOST_ENUMERATED, SIMULATED_STATES = 20, 20_000
# So many different ways of one kind of trace, and alternatives of one system, are told apart: the most frequent (own).
MOST_WAYS, MOST_ALTERNATIVES = 2_000, 500
# What a capability is taken to promise where the catalog says nothing (own), and where it is certainly broken (own).
PROMISED_AVAILABILITY, BROKEN_AVAILABILITY = 0.995, 0.99
# Rows of failures are no outage where chance alone would bring more such rows than this (own).
CHANCE_OF_ROW = 0.01
# Two systems fail together in the same so many minutes; each must fail in so many of these bins (own).
COUPLING_BIN_MINUTES, MIN_FAILING_BINS = 15, 5
# The share of the work that a caller should save while a system is down, and the least (question 6 of our twelve).
GRACE_GOOD, GRACE_WARNING = 0.95, 0.8
# A promise is certainly broken by at least so many bad messages (own; one alone is an accident).
FEWEST_BAD = 2
# Outages. Runs of each (own), and the share of them in which a verdict has to hold (own).
OUTAGE_RUNS, OUTAGE_CERTAINTY = 2000, 0.95
# The hierarchy gate. An integration is stable by what it did in so many days (own).
STABLE_DAYS = 28
# It is new where the days on which it sent would nearly never all lie in these, had it been there before (own).
NEW_LEVEL = 0.01
# A what-if shows by how much the importance of a system changes from here on: of all it changes a little (own).
LEAST_IMPORTANCE_CHANGE = 0.1
