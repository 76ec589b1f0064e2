"""The hierarchy gate: whether each level of integrations stands on stable ones."""
