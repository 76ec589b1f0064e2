"""Accountability: where the truth lives, and who answers for it (disease number two: the accountability fog)."""
