"""Thresholds that several reports use."""

# Fewer messages get no percentile, rate or verdict (own; about where the interval of a median stops being useless).
MIN_MESSAGES = 30
# A trace_id shared by more messages is a constant, not a trace (own).
MAX_TRACE_MESSAGES = 100_000
# A parent sent further from its child is another message whose id was used again (own; no message waits that long).
PARENT_DAYS = 30
# An incident that names no object is about what began on its integration in so many hours before (own; a day, so that
# whoever comes in the morning may have written it).
DETECTED_WITHIN_HOURS = 24
# Resamples of every bootstrap, and the seed that makes a report repeat itself (own).
RESAMPLES, SEED = 1000, 20251224
# Reading speed of non-fiction in words per minute (Brysbaert 2019, mean of 190 studies; most adults 175 to 300).
READING_WPM = 238
# Seconds for the first chart, a second less for each further one, and never less than the last number (Medium, Read
# Time and You, 2014: images of an article; that a chart is looked at as long as an image is a low estimate).
FIRST_CHART_SECONDS, LEAST_CHART_SECONDS = 12, 3
# Fewer days with a delivery get no interval of the flood ratio (own; one working week).
MIN_DAYS = 5
# A red flag may announce an incident so many days ahead (own; what a weekly report flagged is of this week), is looked
# at for names in so many letters, and names of fewer letters or objects of fewer digits are none (own; amounts).
FLAG_DAYS, LONGEST_FLAG, MIN_NAME_LETTERS, MIN_OBJECT_DIGITS = 7, 2000, 2, 4
# A system is down after so many failures in a row, or samples missing (A9 of our methods: three; own); so many outages
# and no fewer say what its callers do then (own).
FAILURES_IN_A_ROW, MISSING_SAMPLES, MIN_OUTAGES = 3, 3, 3
# Share of messages that must be delivered where the catalog promises nothing (own).
SLO_SUCCESS = 0.995
# Sends follow a schedule where this share of the gaps lies within that share of the usual one (own).
REGULAR_SHARE, REGULAR_WITHIN = 0.9, 0.1
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
# Shifts. A shift is told below this p-value, from this change on (Otava, which takes both as options; own values).
SHIFT_LEVEL, LEAST_CHANGE = 0.01, 0.1
# Of fewer days in random order the best split looks like a step too often for any p-value below that (own).
FEWEST_SHIFT_DAYS = 10
# A shift upwards by so much is one to warn of (own). The median and the p95 that shift within so many days are one
# shift; integrations that do within so many days of each other one release, and one season where volume changes (own).
MUCH_CHANGE, SAME_CHANGE_DAYS, SAME_RELEASE_DAYS, SAME_SEASON_DAYS = 0.5, 7, 1, 3
# Messages that may come too late (own), and times the tolerance that none may wait (own).
PAST_SHARE, LATEST_TOLERANCES = 0.001, 2
# Night is from one hour of the clock to the other (own); with fewer repairs of nights all are taken (own).
NIGHT_HOURS, MIN_NIGHT_REPAIRS = (22, 6), 10
# How much longer it takes to find a person where nobody owns the integration and no incidents show it (own).
NOBODY_MINUTES = 60
# Teams. Groups of fewer people are hidden (Viva Insights, mingroup 5); meetings of more are broadcasts (Worklytics).
SMALLEST_GROUP, BROADCAST_PEOPLE = 5, 25
# An opened report is read up to 300 words per minute, skimmed up to 1,000, and unread beyond (Brysbaert 2019).
FASTEST_READING_WPM, FASTEST_SKIMMING_WPM = 300, 1000
# Flood ratio, minutes needed to minutes spent: warning where the average report is faster than reading, critical
# where it is faster than skimming (both follow from the speeds above).
FLOOD_WARNING = FASTEST_READING_WPM / READING_WPM
FLOOD_CRITICAL = FASTEST_SKIMMING_WPM / READING_WPM
