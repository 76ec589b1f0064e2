"""Red flags that lay unread before the incident they announced, and how much earlier it could have been known."""
