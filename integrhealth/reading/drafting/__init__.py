"""A mapping drafted for a file that nothing recognised: what it looks like, what its columns can say, the entry."""
