"""The people of a company: which teams talk, which meetings are held, and the orders that they deliver together."""
