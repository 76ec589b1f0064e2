"""Thresholds of error propagation alone."""

# Fewer roots get no reproduction number (own).
MIN_ROOTS = 30
# Reproduction number: below contained, above runaway risk (own; mean cascades of 1.4 and 3.3 messages).
CONTAINED, RUNAWAY = 0.3, 0.7
# Errors that reached a system and went no further: below weak, below none at all (own).
STOPPING_WEAK, STOPPING_NONE = 0.5, 0.1
# Errors that reached a system, were answered with ok and never made good: above this share a finding (own).
SWALLOWING = 0.5
# Systems hit by one error: from here on the cascade is a finding (own; a third of the essay's fourteen).
WIDE_CASCADE = 5
# Root causes. What lies within so many minutes of the change, or within this part of all that lies before it, is
# neither normal nor abnormal (own).
NEAR_MINUTES, NEAR_SHARE = 30, 0.25
# Metrics are looked at in bins as wide as they are measured, or than this part of the baseline, at most a minute (own);
# from less normal time than these minutes nobody knows what is usual (own).
BASELINE_BINS, USUAL_BIN_SECONDS, SHORT_BASELINE_MINUTES = 20, 60, 5
# Widths of the window in bins that are tried where only metrics tell, and how far it may reach (own).
WINDOW_WIDTHS, FARTHEST_MINUTES = (2, 4, 8, 16), 20
# Bins of a window, and how many messages or log lines make it wide enough where no metric sets its width (own).
WINDOW_BINS, WINDOW_MESSAGES = 4, 300
# Bins of the longer window in which rare failures are counted as well (own).
LONG_BINS = 16
# Quiet windows looked at at most, and the least that say how wide the quiet spread is (own).
QUIET_WINDOWS, MIN_QUIET_WINDOWS = 200, 5
# Quiet level of a kind of evidence at a system: three sigmas (Shewhart 1931), and this quantile of quiet windows (own).
QUIET_SIGMAS, QUIET_QUANTILE = 3, 0.98
# A metric that never moves is taken to move by this part of itself (own).
MIN_RELATIVE_SIGMA = 0.005
# A call is slow beyond what this part of its kind usually takes; fewer usual calls say nothing (own).
SLOW_QUANTILE, MIN_USUAL_CALLS = 0.9, 20
# Calls of the half hour before from which their share is compared too (own), and occurrences of a step to look at it.
MIN_NEARBY_CALLS, MIN_STEP_LINES = 10, 3
# A suspect must beat this quantile of what quiet windows reach by chance, but never more than this score (own).
ABSTAIN_QUANTILE, ABSTAIN_STRENGTH = 0.95, 0.5
# The score to beat in metrics alone, where the best of several windows is taken: this quantile of what so many quiet
# windows apart reach, but never more than the score that quiet hours of PetShop and of simulated systems reach in one
# of twenty (own; the faintest fault there reaches 2.3).
METRICS_QUANTILE, FEWEST_APART, ABSTAIN_METRICS = 0.99, 20, 1.5
# A metric counts from what it shows at some system in one quiet window of ten (own).
METRIC_QUANTILE = 0.9
# What evidence counts for at a system that cannot have made the symptom unhealthy (own).
ELSEWHERE = 0.5
# The worst hour. Chance that so many traces fail in some hour, below which one stands out (own); the days of data from
# which an hour is compared with the same hour of other days, and of other weeks; the days of its trend (own).
STANDING_OUT_LEVEL, DAY_PATTERN_DAYS, WEEK_PATTERN_DAYS, TREND_DAYS = 0.05, 3, 21, 7
# What draws the failures of the few hours like one towards the usual weighs so many failures (own).
PRIOR_FAILURES = 1
# The worst hours of other days by which one is judged: these highest parts of them, so many at least (own).
PEAK_SHARES, MIN_PEAKS = (0.5, 0.25), 4
# Root causes of a report are judged by what is nearest in time: so many messages, and as many days in any case (own).
NEAREST_MESSAGES, NEAREST_DAYS = 300_000, 1
# Strategic friction. Holds looked at, in minutes, none to a day; best holds lie between, on whole minutes (own).
HOLD_MINUTES = (0, 1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 360, 480, 600, 720, 960, 1200, 1440)
# Fewer bad entries get no hold, no catch rate and no verdict (own; one more or less would move each by a tenth).
MIN_BAD_ENTRIES = 10
# An approval given faster than this was not read (own), and the share of them that is a habit, and all there is (own).
RUBBER_STAMP_SECONDS = 10
RUBBER_STAMP_WARNING, RUBBER_STAMP_CRITICAL = 0.5, 0.9
# Blast radius: sets of probabilities drawn for the interval, and draws of the links for each of them (own).
RADIUS_BELIEFS, RADIUS_DRAWS, RADIUS_SYSTEMS = 100, 200, 64
# Retries. The same again within so many times the median gap after a failed one is one more attempt (own), where
# that gap is so many times shorter than the one after a delivered one: else the object is merely sent often (own).
REPEAT_WINDOW, REPEAT_QUICKER = 10, 2
# Attempts per message to watch (own), and the fewest retries that say whether their pauses are jittered (own).
AMPLIFICATION_WATCH, MIN_RETRIES = 1.1, 20
# Retries within this part of a constant pause have no jitter (own); from this share of them on there is none
# (own). Clocks of whole seconds blur a pause by one: there the larger share decides, and pauses from two units on.
CONSTANT_WITHIN, CONSTANT_SHARE, CONSTANT_SHARE_COARSE, COARSE_UNITS = 0.02, 0.5, 0.9, 2
# An attempt number with fewer retries has no usual pause of its own (own).
MIN_SAME_ATTEMPT = 5
# Peak arrivals with all their retries over the drain rate: from here on a short outage can keep itself alive (Bronson
# et al., HotOS 2021); below so many measured minutes it is not judged (own).
VULNERABLE, MIN_DRAIN_MINUTES = 1, 5
# Layers of retries followed upwards (own; ten layers of one retry each are 1,024 attempts).
MAX_LAYERS = 10
# Attempts below for one message above: from here on two layers of retries are one too many (own; twice what one
# layer of three retries does).
LAYERED = 8
# Spread told by times alone. The latest errors that are looked at (own), and candidate pairs of them (own).
TIMING_ERRORS, TIMING_PAIRS = 20_000, 200_000
# An error that follows later than this is not seen as caused (own).
TIMING_HORIZON_MINUTES = 60
# Errors of a span of time that has a pace of its own (own).
RHYTHM_ERRORS = 50
# Random shifts of the systems' times, the latest errors that are shifted, and the level of the test (own).
TIMING_SHIFTS, TIMING_SHIFTED_ERRORS, TIMING_LEVEL = 99, 3000, 0.05
# Errors at the cause from which one edge gets a number: with 30 it read 0.8 to 0.97 for 0.5 in simulations (own).
MIN_EDGE_ERRORS = 100
# The same object failing again on an edge within so many minutes is an attempt of the same message (own).
SAME_ERROR_MINUTES = 60
# Load over time: new messages that a usual time bin must hold, and bins at most (own).
MIN_BIN_MESSAGES, MAX_BINS = 10, 200_000
# Behind with work: so many time bins in a row, and so many times as much open or failing as usual (own).
BEHIND_RUN, BEHIND_TIMES = 3, 3
# A storm: attempts per message so many times those of the calm tenth, runs so many time bins apart being one; least
# bins and retries that say something, and bins ahead that show what was usual (own).
STORM_AMPLIFICATION, STORM_CALM_BINS, MIN_STORM_BINS, USUAL_BINS = 1.5, 3, 3, 60
# What triggers one: a load so many times the usual and so many sigmas above it, or fewer deliveries than this share of
# the usual, until more than the second is delivered (own). It outlived the trigger where goodput is down by this share,
# at this level (own).
SURGE_TIMES, SURGE_SIGMAS, DOWN_SHARE, RESUMED_SHARE = 1.5, 4, 0.1, 0.5
GOODPUT_LOST, STORM_LEVEL = 0.1, 0.01
# Drain time, actual to predicted (own).
SLOW_DRAIN = 2
