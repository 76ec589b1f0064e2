"""Values of any writing as text, numbers, flags and lists, and times as UTC."""
