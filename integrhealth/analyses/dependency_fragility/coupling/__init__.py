"""Loose coupling, from evidence: who fails together, and what callers do while a system is down."""
