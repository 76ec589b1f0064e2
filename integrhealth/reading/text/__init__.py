"""Lines of text whose parts a pattern names, by an entry of mapping.yaml or by a preset."""
