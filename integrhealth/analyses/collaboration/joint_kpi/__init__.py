"""Which department a late order is late by, so that a shared number can be shared."""
