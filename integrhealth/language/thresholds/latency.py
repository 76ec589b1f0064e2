"""Thresholds of latency alone."""

# An error budget spent so many times over is critical (SRE workbook, chapter 5: the slower and the faster of its two
# paging rates); with few messages it takes that many times the budget, and two failures, to say anything (its section
# on low traffic).
BURN_CRITICAL, BURN_FAST, MIN_BAD_EVENTS = 6, 14.4, 2
# Burn-rate alerts (the same, table 5-8): the days of a promise, and the shares of its error budget that must not go
# within so many hours, the last twelfth of which must confirm that it still goes.
BUDGET_DAYS, BUDGET_SHARES, BURN_HOURS, SHORT_WINDOW = 30, (0.02, 0.05, 0.1, 0.1), (1, 6, 24, 72), 12
# The fastest of many windows alerts only where a service that spends this part of its budget would burn so fast in any
# of them with this probability at most (own; so that at most two in 200 such months alert).
HEALTHY_BURN, BURN_LEVEL = 1 / 3, 0.001
# An integration is silent to a promise after so many times the longest gap that it ever left (own).
SILENT_GAPS = 2
# A p95 at so many times the promised one is critical (own).
SLOW_CRITICAL = 2
# A step with a larger share of all critical-path time is the one to speed up first, a note (own).
DOMINANT_SHARE = 0.5
# Messages and metrics that count the same requests and differ by more say something else of them (own).
COUNTS_APART = 0.05
# All but this share of the messages from one clock to another bound how far the clocks are apart (own).
SKEWED_SHARE = 0.01
# How much faster a step is made where it is asked what that would save (own; what one call to a near service takes).
FASTER_MS = 100
# Capacity. A window of minutes is as short as lets a busy one hold so many messages, of these lengths (own: then the
# chance of the count is 7% of it).
WINDOW_COMPLETIONS, WINDOW_MINUTES = 200, (1, 2, 5, 10, 15, 30, 60)
# Bins by throughput, the fewest windows of one, and the fewest bins; fewer windows in all say nothing (own; a law has
# three terms); and how many times as busy as the lowest bin the highest must be (own; twice what chance does).
LOAD_BINS, MIN_BIN_WINDOWS, MIN_LOAD_BINS, MIN_WINDOWS, LOAD_RANGE = 30, 10, 4, 40, 2
# Windows follow on each other: drawn anew are blocks of them, an hour each where that makes so many of them (own).
FEWEST_BLOCKS, MOST_BLOCKS = 20, 200
# So many blocks that are about as busy are drawn from one another, so that few busy hours are in every draw (own).
BLOCKS_ALIKE = 4
# Refused: data that stop before this part of the peak's concurrency (seen to 30% of the peak fits are off by 13 to
# 37%, to a tenth half of them are unusable), unless throughput is so near to that of the peak; without a peak before
# that part of the asymptote; and a wider band (own).
PEAK_SEEN, PLATEAU_SEEN, ASYMPTOTE_SEEN, CAPACITY_BAND = 0.3, 0.8, 0.5, 0.15
# Response time of the busiest bin, times that of the quietest: a system that answers as ever shows no limit, whatever
# law its noise gives (own simulation: two servers at half of their load take 1.3 times as long).
STRAINED = 1.5
# An hour that the data cover in part counts as so many minutes at least; a load test has reached a rate that it had for
# so many; with this part of its messages from queues a system has a queue in front of it (own).
MIN_COVERED_MINUTES, TESTED_MINUTES, QUEUED_SHARE = 30, 5, 0.9
# The busiest hour asks for this part of what a system can take: near its limit (own).
ROOM_WARNING = 0.9
# What a promised p95 lets be slower.
LATE_SHARE = 0.05
# Permutations of the days, for the rarest (own; 200 tested series can still be certain), days that a level lasts, and
# days from which a change is a drift and no shift (own).
SHIFT_PERMUTATIONS, LEAST_SHIFT_DAYS, DRIFT_DAYS = 10_000, 4, 7
# From fewer failures nobody can tell whether their share changed (own).
MIN_SHIFT_FAILURES = 10
# The rhythm is that of the week from so many days on, else that of the day (own).
WEEK_RHYTHM_DAYS = 21
# A surge. Multiples of the busiest day that are replayed, and those that the reader can choose from (own).
SURGE_MULTIPLES = (3, 10)
SURGE_CURVES = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9, 10, 12)
# Days replayed: the surge and the day after it; a line that is left then is worked off by arithmetic (own).
SURGE_DAYS = 2
# A wait up to so many minutes, as long as the steps of the replay, is none (own).
SURGE_WAIT_MINUTES = 1
# Who waits for an answer has given up after so many, whatever his limit, which nobody knows (own; HTTP clients wait for
# half a minute to two).
UNANSWERED_MINUTES = 5
# Timeouts that tell how long a sender waits, where the catalog does not, and attempts told apart (own).
MIN_TIMEOUTS, MOST_ATTEMPTS = 5, 10
# Steps of a drawn backlog in minutes, and the integrations that have one, those that wait longest (own).
SURGE_STEP_MINUTES, SURGE_SHOWN = 10, 6
# Silence. Days looked back at (own), and the share of messages that may belong to traces begun before the evidence
# ends (own).
HISTORY_DAYS, STRAGGLING_SHARE = 182, 0.1
# Messages that draw the hour of the day, the day of the week and the hour of the week towards even (own simulation).
RHYTHM_PRIOR = (0.5, 0.5, 2)
# Hours to each side over which the rhythm is smooth at most, where the next message is due (own).
SMOOTH_HOURS = 6
# Days after which a day counts half for the level of late, and the messages that draw it towards the usual (own).
LEVEL_DAYS, LEVEL_PRIOR = 7, 3
# A day is low below this share of what was expected (own), and a holiday where this share of the others are low of
# which so many messages were to be expected, of two others at least (own).
LOW_DAY, HOLIDAY_SHARE, HOLIDAY_MESSAGES, HOLIDAY_OTHERS = 0.5, 0.75, 3, 2
# An integration rests at the weekend where a day of it brings less than this share of a working day (own).
WORKDAY_SHARE = 0.25
# Gaps seen before that say which one is unusual (own), the highest parts of them that are taken for the tail, and the
# share of these that may be incidents (own simulation).
MIN_GAPS, TAIL_PARTS, INCIDENT_SHARE = 10, (0.5, 0.25, 0.1, 0.05, 0.02), 0.05
# Less history than so many days shows no rhythm, unless a schedule is visible: eight of ten gaps are as long as they
# should be, or so much of it longer or shorter at most (own).
MIN_HISTORY_DAYS, CLOCKWORK_WITHIN = 14, 0.25
# The chance, among all integrations, below which one is silent or thin (own); never before so many expected gaps
# have passed (own), nor thin with more than this share of a day's messages (own).
SILENCE_LEVEL, LEAST_GAPS, THIN_SHARE = 0.01, 1.5, 0.25
# A message that brings at most this share of the usual bytes brings next to nothing (own).
EMPTY_SHARE = 0.01
