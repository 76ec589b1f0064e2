"""Outages at the worst moment: an integration fails in its busiest hour, and it is night."""
