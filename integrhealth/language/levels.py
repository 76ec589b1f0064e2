"""The levels on which integrations stand, each on the one before it."""

LEVELS = ("foundation", "operations", "intelligence", "experience")
