"""What if: a system is gone, a fallback or a queue is there, a repair takes twice as long; and what that changes."""
