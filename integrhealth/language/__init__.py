"""What all rooms speak: the canonical schema, thresholds, statistics, findings, masking and published tables."""
