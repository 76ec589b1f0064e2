"""Where the time of journeys goes: what they wait for, what would make them faster, and one of them in full."""
