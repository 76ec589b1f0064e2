"""Thresholds of audit alone."""

# Did it work. Days with a value that a trend before go-live, and one after, needs (own simulation: with fewer the
# interval is too short where one day carries over to the next).
MIN_OUTCOME_POINTS = 21
# Values at most so many days apart are daily and have a rhythm of the week (own); Friday to Monday is three.
DAILY_GAP_DAYS = 3
# What one day may carry over to the next at most (own).
MOST_PERSISTENCE = 0.95
# An effect certainly below this share of what was promised is none to speak of (own).
NO_EFFECT_SHARE = 0.5
# A problem is said in so many words, one sentence for it and one for the remedy (own).
LEAST_SENTENCE_WORDS, MOST_SENTENCE_WORDS, MOST_SENTENCES = 4, 45, 2
