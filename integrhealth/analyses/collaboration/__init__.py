"""Collaboration: whether the teams talk whose systems do (disease number four: the human bypass)."""
