"""What the report on collaboration draws, a module per subject."""
