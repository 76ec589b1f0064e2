"""What the report on accountability draws, a module per subject."""
