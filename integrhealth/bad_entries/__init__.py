"""Records that were wrong from some moment on: entries, what they reached, and who corrected them."""
