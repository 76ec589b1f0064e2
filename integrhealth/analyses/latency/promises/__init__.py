"""Whether integrations keep what they promise: burn rates over several windows, and what is left of the budget."""
