"""Whether an integration improved the number that it was built for."""
