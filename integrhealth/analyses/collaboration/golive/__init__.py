"""What became of the contact between two teams when an integration went live between them."""
