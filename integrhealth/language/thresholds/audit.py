"""Thresholds of the audit alone."""

# The audit: the answers to its fourteen questions, yes from the first number on, partial from the second (own; the
# other questions are answered by the thresholds of the reports that they ask). Open questions that are no debt yet.
MOST_OPEN_QUESTIONS = 2
LOAD_TESTED, LOAD_TESTED_PARTLY = 10, 3
EXCEPTIONS_HANDLED, EXCEPTIONS_HANDLED_PARTLY = 5, 3
FLOOD_FREE, FLOOD_BEARABLE = 1, 3
AUTHORITY_KEPT, TEAMS_CONGRUENT, RITUALS_HELD = 0.95, 0.7, 0.75
# An integration whose output was used within so many days before the evidence ends is in use (own).
USED_DAYS = 30
# Yearly interest as a part of the yearly value: bands A to D up to these, E beyond (the grid of SQALE, Letouzey 2012,
# borrowed); fewer days say nothing of a year (own).
DEBT_BANDS, MIN_INTEREST_DAYS = (0.05, 0.1, 0.2, 0.5), 28
# Did it work. Days with a value that a trend before go-live, and one after, needs (own simulation: with fewer the
# interval is too short where one day carries over to the next).
MIN_OUTCOME_POINTS = 21
# Values at most so many days apart are daily and have a rhythm of the week (own); Friday to Monday is three.
DAILY_GAP_DAYS = 3
# What one day may carry over to the next at most (own).
MOST_PERSISTENCE = 0.95
# Days before go-live that are tried for a shift, and the chance of taking none for one (own).
EARLIER_SHIFT_DAYS, EARLIER_SHIFT_LEVEL = 60, 0.005
# An effect certainly below this share of what was promised is none to speak of (own).
NO_EFFECT_SHARE = 0.5
# A problem is said in so many words, one sentence for it and one for the remedy (own).
LEAST_SENTENCE_WORDS, MOST_SENTENCE_WORDS, MOST_SENTENCES = 4, 45, 2
