"""What the report on reconciliation draws, a module per subject."""
