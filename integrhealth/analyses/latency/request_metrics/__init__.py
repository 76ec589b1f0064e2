"""Requests that only metrics count: how many, how many failed and how long they took, from counters and histograms."""
