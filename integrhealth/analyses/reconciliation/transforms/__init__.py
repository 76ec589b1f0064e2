"""Whether data gains or loses meaning on its way, and what is sent for nothing."""
