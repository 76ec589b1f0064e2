"""Whether the meetings that were agreed on are held, with everybody there."""
