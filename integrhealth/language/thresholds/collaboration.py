"""Thresholds of collaboration alone."""

# The joint KPI. On-time delivery: a warning below the first, critical below the second (own; what plants call good and
# poor).
ON_TIME_WARNING, ON_TIME_CRITICAL = 0.9, 0.7
# Departments off their plan in one order whose parts are exact (own; 256 coalitions), stages of one order (own; what
# has more is a constant), and the share of orders that have a stage from which on one without it is incomplete (own).
MOST_DEPARTMENTS, MOST_STAGES, USUAL_STAGE = 8, 200, 0.9
# Teams have spoken while their last contact is so many days old at most; who needs to talk should as often (own).
CONTACT_DAYS = 30
# The share of pairs of teams that need to talk and do (question 14 of our fourteen).
CONGRUENCE_GOOD = 0.7
# A pair carries so much of all value without talking (own), silent for so many days in a row: it missed two meetings of
# a monthly one (own).
BYPASS_WARNING, LONG_SILENCE_DAYS = 0.05, 60
# A red flag or finding sparks a conversation that comes within so many working days (A18 of our methods).
SPARK_WORKING_DAYS = 2
# Contact is compared in so many weeks before and after a go-live, so many on each side at least, of pairs with so many
# contacts before it, against so many pairs without one at least (own).
GOLIVE_WEEKS, MIN_GOLIVE_WEEKS, MIN_PAIR_CONTACTS, MIN_CONTROL_PAIRS = 12, 3, 6, 3
# Random orders of the weeks, where not all of them are looked at; pairs without a go-live that may change as much where
# a change is said to be that of the go-live; and the loss of contact that is worth a question (own).
WEEK_ORDERS, MOST_ALIKE, SILENT_GOLIVE = 2000, 0.05, 0.25
# The part of the planned weeks in which a ritual is held (question 14 of our fourteen); fewer weeks say nothing (own).
RITUAL_HELD, MIN_RITUAL_WEEKS = 0.75, 4
# A meeting that nobody named is the ritual whose teams it brought together on its weekday so many times (own).
SERIES_MEETINGS = 2
