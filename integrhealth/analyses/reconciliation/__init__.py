"""Reconciliation: whether what was sent arrived exactly once, left a trail, and kept its meaning."""
