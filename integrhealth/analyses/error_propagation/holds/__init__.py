"""Where a pause would have paid, and what checkpoints caught."""
