"""What one message caused: links, ancestry, journeys, critical paths, and aggregates that can be merged."""
