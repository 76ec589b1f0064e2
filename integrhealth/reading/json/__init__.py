"""JSON of any shape: the values of a file one by one, or as numbered texts to decode at once."""
