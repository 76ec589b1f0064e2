"""Spans of traces: their attributes, which of them are two halves of one message, and the messages they become."""
