"""Which columns of an export mean which canonical columns: mapping.yaml, presets, and applying them."""
