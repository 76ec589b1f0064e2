"""Thresholds of the overview alone."""

# The front page passes the kit's own overload test: five findings and 200 words at most, of which the page's frame
# (title, question, links, what is new, foot) takes 54, the ladder of levels, where there is one, 8 besides its rungs,
# the map of systems 14 besides their names, and what the input cannot support at most 58.
FRONT_PAGE_FINDINGS, FRONT_PAGE_WORDS, FRONT_PAGE_FRAME, FRONT_PAGE_LADDER, FRONT_PAGE_REMEDIES = 5, 200, 54, 8, 58
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
