"""Where the days of an incident went: handovers, search, repair."""
