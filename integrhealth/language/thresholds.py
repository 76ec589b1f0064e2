"""Every threshold of the kit in one place, each with its source; "own" marks our proposal."""

# Fewer messages get no percentile, rate or verdict (own; about where the interval of a median stops being useless).
MIN_MESSAGES = 30
# Fewer roots get no reproduction number (own).
MIN_ROOTS = 30
# Reproduction number: below contained, above runaway risk (own; mean cascades of 1.4 and 3.3 messages).
CONTAINED, RUNAWAY = 0.3, 0.7
# A trace_id shared by more messages is a constant, not a trace (own).
MAX_TRACE_MESSAGES = 100_000
# A parent sent further from its child is another message whose id was used again (own; no message waits that long).
PARENT_DAYS = 30
# Errors that reached a system and went no further: below weak, below none at all (own).
STOPPING_WEAK, STOPPING_NONE = 0.5, 0.1
# Errors that reached a system, were answered with ok and never made good: above this share a finding (own).
SWALLOWING = 0.5
# Systems hit by one error: from here on the cascade is a finding (own; a third of the essay's fourteen).
WIDE_CASCADE = 5
# An incident that names no object is about what began on its integration in so many hours before (own; a day, so that
# whoever comes in the morning may have written it).
DETECTED_WITHIN_HOURS = 24
# Resamples of every bootstrap, and the seed that makes a report repeat itself (own).
RESAMPLES, SEED = 1000, 20251224

# Reading speed of non-fiction in words per minute (Brysbaert 2019, mean of 190 studies; most adults 175 to 300).
READING_WPM = 238
# A figure that stands apart from the text, in a tile or a table, is read as one word (own; Brysbaert counts numerals).
WORDS_PER_FIGURE = 1
# Seconds for the first chart, a second less for each further one, and never less than the last number (Medium, Read
# Time and You, 2014: images of an article; that a chart is looked at as long as an image is a low estimate).
FIRST_CHART_SECONDS, LEAST_CHART_SECONDS = 12, 3
# An opened report is read up to 300 words per minute, skimmed up to 1,000, and unread beyond (Brysbaert 2019).
FASTEST_READING_WPM, FASTEST_SKIMMING_WPM = 300, 1000
# Time beyond this pace is a window left open, not reading (own).
SLOWEST_READING_WPM = 100
# Flood ratio, minutes needed to minutes spent: warning where the average report is faster than reading, critical
# where it is faster than skimming (both follow from the speeds above).
FLOOD_WARNING = FASTEST_READING_WPM / READING_WPM
FLOOD_CRITICAL = FASTEST_SKIMMING_WPM / READING_WPM
# Fewer days with a delivery get no interval of the flood ratio (own; one working week).
MIN_DAYS = 5
# With a larger share of openings of unknown duration the minutes spent are unknown (own).
MAX_UNTIMED = 0.1
# Opened so soon after it was delivered, and not known to have stayed open longer, it was fetched by a machine (own).
FETCHED_SECONDS = 2
# So many deliveries that one person opens within that time of each other were opened by no hand (own).
AT_ONCE_REPORTS = 5
# Who certainly opens more than this share of all reports that were not sent to her, on the days on which she opens
# any, is a machine where there are at least so many of them (own).
EVERY_REPORT_SHARE, EVERY_REPORT_LEAST = 0.9, 20
# People are alike while from one to the next the minutes needed and those spent grow by no more than so much, or
# than so many minutes a day (own).
ALIKE_NEEDED, ALIKE_SPENT, ALIKE_MINUTES = 1.1, 1.25, 1
# Shared fields and metrics of two reports, Jaccard (own).
NEAR_DUPLICATE, OVERLAPPING = 0.8, 0.5
# Longest median gap in days between deliveries for daily, weekly and monthly; beyond it a report is rare (own).
CADENCES = {"daily": 2, "weekly": 10, "monthly": 45}
# A report that nobody opened for this long (Tableau's default; Metabase users ask for three months).
UNOPENED_DAYS = 90
# Whoever certainly opens fewer of the deliveries than this, and none so far, never opens the report (own).
NEVER_OPENED = 0.2
# The next slower cadence sends one in so many of the deliveries: weeks of five days, months of four weeks, quarters.
SLOWER_EVERY = {"daily": 5, "weekly": 4, "monthly": 3}
# A smaller share of reports with a declared decision says that not all were asked, not that the others have none (own).
MOST_DECLARED = 0.5
# So many deliveries since the content last changed, its refreshes failing, show old numbers as new (own).
STALE_DELIVERIES = 3
# Share of the judged reports that could stop without leaving a decision unserved (own).
SPARE_WARNING, SPARE_CRITICAL = 0.25, 0.75
# A red flag may announce an incident so many days ahead (own; what a weekly report flagged is of this week), is looked
# at for names in so many letters, and names of fewer letters or objects of fewer digits are none (own; amounts).
FLAG_DAYS, LONGEST_FLAG, MIN_NAME_LETTERS, MIN_OBJECT_DIGITS = 7, 2000, 2, 4
# Nobody is expected to read a flag within so many minutes; a link that is likelier than this by chance is none to talk
# about; incidents announced and unread: warning and critical certainly above these shares (own).
FLAG_GRACE_MINUTES, CHANCE_LINK, RED_FLAG_WARNING, RED_FLAG_CRITICAL = 60, 0.25, 0.1, 0.5
# Alerts about the same are one episode while the next comes within so many hours (own; Prometheus Alertmanager tells
# again after four), and a shift should bring so many at most (Beyer et al., Site Reliability Engineering 2016, ch. 11).
ALERT_GAP_HOURS, ALERTS_PER_SHIFT = 5, 2
# A log of incidents is that of a tool that alerts people where at least so many are triggered or the like (own).
ALERTING_INCIDENTS = 0.1
# Causes of alerts on which nobody acts, and nights that bring somebody more than these: warning and critical certainly
# above these shares; alerts that repeat, counted (own).
IGNORED_WARNING, IGNORED_CRITICAL = 0.5, 0.9
BROKEN_NIGHTS_WARNING, BROKEN_NIGHTS_CRITICAL, REPEATED_WARNING = 0.05, 0.25, 0.5
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
# A system is down after so many failures in a row, or samples missing (A9 of our methods: three; own); so many outages
# and no fewer say what its callers do then (own).
FAILURES_IN_A_ROW, MISSING_SAMPLES, MIN_OUTAGES = 3, 3, 3
# Rows of failures are no outage where chance alone would bring more such rows than this (own).
CHANCE_OF_ROW = 0.01
# Two systems fail together in the same so many minutes; each must fail in so many of these bins (own).
COUPLING_BIN_MINUTES, MIN_FAILING_BINS = 15, 5
# The share of the work that a caller should save while a system is down, and the least (question 6 of our twelve).
GRACE_GOOD, GRACE_WARNING = 0.95, 0.8
# The front page passes the kit's own overload test: five findings and 200 words at most, of which the page's frame
# (title, question, links, what is new, foot) takes 53, the ladder of levels, where there is one, 8 besides its rungs,
# the map of systems 14 besides their names, and what the input cannot support at most 58.
FRONT_PAGE_FINDINGS, FRONT_PAGE_WORDS, FRONT_PAGE_FRAME, FRONT_PAGE_LADDER, FRONT_PAGE_REMEDIES = 5, 200, 53, 8, 58
FRONT_PAGE_MAP = 14
# A map of more systems cannot be read in ten seconds (own).
FRONT_PAGE_SYSTEMS = 15
# So many critical findings make integrations strained whose levels are stable, and the words of a name in the verdict
# (own).
STRAINED_CRITICAL, VERDICT_NAME_WORDS = 3, 4
# Conversations that a run offers at most, and how long each takes in the weekly meeting (own).
MOST_STARTERS, CONVERSATION_MINUTES = 12, 15
# The most words of each text of a finding there, and the parts of them to try in turn until all findings fit (own).
FRONT_PAGE_SENTENCES, FRONT_PAGE_SHORTER = {"statement": 32, "ask": 20, "owner": 6}, (1, 0.75, 0.5, 0.25)
# Share of messages that must be delivered where the catalog promises nothing (own).
SLO_SUCCESS = 0.995
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
# Sends follow a schedule where this share of the gaps lies within that share of the usual one (own).
REGULAR_SHARE, REGULAR_WITHIN = 0.9, 0.1
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

# Bad entries. A detection later than so many days after an entry is a change in the world, not a correction (own).
ENTRY_DAYS = 30
# What people write to this share of the objects after they were sent is a step of the work, no correction (own).
USUALLY_WRITTEN_SHARE = 0.5
# Other systems that must agree on another value before one that none of them held was wrong (own).
MIN_AGREEING_SYSTEMS = 2
# Where surely more than this share of what people change in an element is taken back, taking back is correcting (own).
TAKEN_BACK_SHARE = 0.5
# A value logged so late, while the first message of its object was under way, was sent with it (own).
LOGGED_LATE_SECONDS = 60

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

# Shifts. A shift is told below this p-value, from this change on (Otava, which takes both as options; own values).
SHIFT_LEVEL, LEAST_CHANGE = 0.01, 0.1
# Of fewer days in random order the best split looks like a step too often for any p-value below that (own).
FEWEST_SHIFT_DAYS = 10
# A promise is certainly broken by at least so many bad messages (own; one alone is an accident).
FEWEST_BAD = 2
# Permutations of the days, for the rarest (own; 200 tested series can still be certain), days that a level lasts, and
# days from which a change is a drift and no shift (own).
SHIFT_PERMUTATIONS, LEAST_SHIFT_DAYS, DRIFT_DAYS = 10_000, 4, 7
# From fewer failures nobody can tell whether their share changed (own).
MIN_SHIFT_FAILURES = 10
# The rhythm is that of the week from so many days on, else that of the day (own).
WEEK_RHYTHM_DAYS = 21
# A shift upwards by so much is one to warn of (own). The median and the p95 that shift within so many days are one
# shift; integrations that do within so many days of each other one release, and one season where volume changes (own).
MUCH_CHANGE, SAME_CHANGE_DAYS, SAME_RELEASE_DAYS, SAME_SEASON_DAYS = 0.5, 7, 1, 3
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
# Outages. Runs of each (own), and the share of them in which a verdict has to hold (own).
OUTAGE_RUNS, OUTAGE_CERTAINTY = 2000, 0.95
# Messages that may come too late (own), and times the tolerance that none may wait (own).
PAST_SHARE, LATEST_TOLERANCES = 0.001, 2
# Night is from one hour of the clock to the other (own); with fewer repairs of nights all are taken (own).
NIGHT_HOURS, MIN_NIGHT_REPAIRS = (22, 6), 10
# How much longer it takes to find a person where nobody owns the integration and no incidents show it (own).
NOBODY_MINUTES = 60
# The hierarchy gate. An integration is stable by what it did in so many days (own).
STABLE_DAYS = 28
# It is new where the days on which it sent would nearly never all lie in these, had it been there before (own).
NEW_LEVEL = 0.01
# A what-if shows by how much the importance of a system changes from here on: of all it changes a little (own).
LEAST_IMPORTANCE_CHANGE = 0.1
# Accountability. From so many incidents of theirs on an owner who touched none never answered, and a share first
# touched by the owner is a share (own).
MIN_ANSWERABLE = 5
# An owner who touched nothing of theirs for so many days, or whom the logs no longer know, is stale (own).
STALE_OWNER_DAYS = 90
# More integrations than this share without anybody are worth a warning (own).
NOBODY_SHARE = 0.1
# Random assignments with which the teams that are wrongly accused are compared (own).
RANDOM_ASSIGNMENTS = 9999
# Fewer incidents with a measured root get no share of the wrongly accused (own).
MIN_BLAMED = 10

# Incidents. Fewer get no share, no difference and no verdict (own; one more or less would move a share by a tenth).
MIN_INCIDENTS = 10
# Time between detection and repair with teams that did not repair it: above the first share a warning, where it is
# this many hours an incident at least, above the second critical (own: half of it, four fifths, half a working day).
WANDERING_WARNING, WANDERING_CRITICAL, WANDERING_HOURS = 0.5, 0.8, 4
# Handovers that bring an incident back to a team that had it (own: one of four, one of two).
PING_PONG_WARNING, PING_PONG_CRITICAL = 0.25, 0.5
# Incidents without an owner are searched for so many hours longer (own: a working day).
OWNERLESS_HOURS = 8
# Truth homes. A copy may differ from the record for so long where no sync limit is declared (own; a nightly run is on
# time), and fewer decided conflicts say nothing of whose value stands (own).
SYNC_LIMIT_HOURS, MIN_DECIDED = 24, 5
# Of so many values fewer than this share alike: the two sides write the same in different ways (own).
MIN_COMPARED, ALIKE_VALUES = 10, 0.05
# Conflicts that the record may lose, and above which it has no authority; writes outside the home and values changed
# on their way above these shares are more than slips (own).
LOST_WARNING, LOST_CRITICAL = 0.05, 0.5
OUTSIDE_WRITES, CHANGED_ON_THE_WAY = 0.01, 0.01
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
