"""How far errors go: cascades, the reproduction number, who passes them on and who stops them."""
