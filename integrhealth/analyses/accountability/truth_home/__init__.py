"""Where the truth of each data element lives: who writes it, whose value stands, and where it changes on its way."""
