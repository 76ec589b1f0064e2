"""Thresholds of report overload alone."""

# A figure that stands apart from the text, in a tile or a table, is read as one word (own; Brysbaert counts numerals).
WORDS_PER_FIGURE = 1
# Time beyond this pace is a window left open, not reading (own).
SLOWEST_READING_WPM = 100
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
