"""Who was blamed first, and who was it."""
