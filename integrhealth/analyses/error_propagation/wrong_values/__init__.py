"""Wrong values that travelled with status ok: who held them, and for how long."""
