"""Where the truth about a data element lives: writers, disagreements, and what changed on its way."""
