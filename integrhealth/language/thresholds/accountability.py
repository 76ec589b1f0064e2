"""Thresholds of accountability alone."""

# Accountability. From so many incidents of theirs on an owner who touched none never answered, and a share first
# touched by the owner is a share (own).
MIN_ANSWERABLE = 5
# An owner who touched nothing of theirs for so many days, or whom the logs no longer know, is stale (own).
STALE_OWNER_DAYS = 90
# Where more integrations than this share have neither person nor team, that is worth a warning (own).
NOBODY_SHARE = 0.5
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
