"""Databases that a mapping asks: their URLs, queries and answers, read-only."""
