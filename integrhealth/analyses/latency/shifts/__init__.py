"""Has it changed: shifts and drifts of latency, volume and error share, told from hours and seasons."""
