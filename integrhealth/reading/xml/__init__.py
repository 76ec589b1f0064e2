"""XML without document types: small files as trees, large ones as a column of tags."""
