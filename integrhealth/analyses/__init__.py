"""The answers: one module per question, frames in, frames out."""
