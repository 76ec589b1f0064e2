"""Where it began: the systems that stood out first, for the worst hour or any other moment."""
