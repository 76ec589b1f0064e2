"""The service desk: incidents that people open, pass on and repair, and what the repairs mean for an outage."""
