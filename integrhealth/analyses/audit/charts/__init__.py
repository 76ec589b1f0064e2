"""What the audit draws, a module per subject."""
