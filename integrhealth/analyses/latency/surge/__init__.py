"""Surges: what the busiest day would have been like with several times as many messages."""
