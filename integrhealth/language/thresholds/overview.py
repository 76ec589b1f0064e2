"""Thresholds of overview alone."""

# The front page passes the kit's own overload test: five findings and 200 words at most, of which the page's frame
# (title, question, links, what is new, foot) takes 46, the ladder of levels, where there is one, 19 besides its rungs,
# and what the input cannot support at most 66.
FRONT_PAGE_FINDINGS, FRONT_PAGE_WORDS, FRONT_PAGE_FRAME, FRONT_PAGE_LADDER, FRONT_PAGE_REMEDIES = 5, 200, 46, 19, 66
# The most words of each text of a finding there (own; ours need fewer unless a name is longer than names are).
FRONT_PAGE_SENTENCES = {"statement": 32, "ask": 20, "owner": 6}
