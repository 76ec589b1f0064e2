"""How few reports would do: what shows the same, what covers what, and what becomes of each report."""
