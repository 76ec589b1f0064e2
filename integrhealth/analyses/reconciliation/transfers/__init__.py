"""Whether what was sent arrived exactly once."""
