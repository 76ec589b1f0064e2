"""Who should talk, who does, and how much flows between teams that do not."""
