"""Whether each message answers what, when, who, received, succeeded and why."""
