"""Alerts: how many reach whom and when, which led to an action, and how many one message per cause would have been."""
