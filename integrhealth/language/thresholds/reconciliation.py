"""Thresholds of reconciliation alone."""

# The trail. A trail is full where certainly so many messages answer all that is asked of them, and has gaps below the
# second (question 8 of our twelve).
TRAIL_FULL, TRAIL_PARTIAL = 0.99, 0.9
# Failures that say no reason: warned of where certainly more than this share does not (own).
REASONLESS_WARNING = 0.1
# What data mean. Copied in so large a part, and nothing added: passed through (own).
COPY_SHARE = 0.95
# Bits lost that are worth a word (own; about what one wrong value in a hundred among few costs).
LOSS_BITS = 0.1
# More different values than this part of the rows: each stands nearly alone, and nothing can be told of them (own).
NEARLY_DISTINCT = 0.5
# Shuffles that say whether two columns have to do with each other, the pairs they take, and the level (own).
MEANING_SHUFFLES, MEANING_PAIRS, MEANING_LEVEL = 199, 5000, 0.05
# Transfers. What has not arrived after this part of the delays of the others is lost (methods of reconciliation: the
# 99th percentile of past delay), and never sooner than so many minutes, as clocks differ (own).
LOST_QUANTILE, SOONEST_LOST_MINUTES = 0.99, 1
# Surely lost is what has waited so many times the longest delay ever seen (own).
SURELY_LOST_TIMES = 2
# One log of both ends loses so much of what it should log itself: fewer lost may be gaps of the log (own).
LOG_GAPS_SHARE = 0.001
# The same content of the same object again within so many hours is a repeat of one transfer; later it is sent anew, as
# by a nightly run (own).
REPEAT_HOURS = 12
# Another object with the same content within so many hours is possibly the same once more, and counts nowhere (own).
POSSIBLE_HOURS = 24
# What a promised sync limit lets be later (own; a limit that nobody may ever miss would be missed by all).
LATE_ALLOWED = 0.01
# A message without a known outcome is overdue after so many hours (own; partners agree on 12 to 24 or more).
ACKNOWLEDGED_HOURS = 24
# Documents. Quantities may differ by this share, prices by this share or so many units of the currency, whichever is
# more (guides of vendors allow 1 to 5%, 1 to 3%, and 25 to 250); on the first level by nothing.
QUANTITY_TOLERANCE, PRICE_TOLERANCE, PRICE_TOLERANCE_UNITS = 0.02, 0.02, 50
# A step is due after all but this share of the past ones (our methods, A15; own), certainly missing after so many times
# as long, and where fewer past steps say how long it takes, never before so many days (own).
DUE_SHARE, CERTAINLY_MISSING_TIMES, MIN_DELAYS, DUE_DAYS = 0.99, 4, 30, 30
# Ages of gaps, in days: up to these, and beyond the last (A15; own).
AGE_BANDS = (7, 30, 90)
# What begins more often than that with a delivery that has a goods issue, has shipped when this is posted (own).
GOODS_ISSUES_USUAL = 0.5
# What failed less than so many hours ago may be sent again: no difference of books yet (A15; own).
BOOKS_OPEN_HOURS = 24
# Steps from a document back to its order, and pieces of documents that wait for one another's share (own; a chain has
# five steps).
MOST_DOCUMENT_STEPS, MOST_ALLOCATIONS = 50, 200
# Exceptions (returns, credit notes ...). With fewer cases, or fewer on the happy path, there is no verdict; one is
# ready while it fails by less than so much more than the happy path, and critical certainly beyond the second (own).
MIN_EXCEPTION_CASES, EXCEPTION_GAP, EXCEPTION_GAP_CRITICAL = 20, 0.1, 0.5
# Variants of an object type that are shown, the most frequent, and the steps of one that are spelled out (own).
MOST_VARIANTS, VARIANT_STEPS = 10, 8
