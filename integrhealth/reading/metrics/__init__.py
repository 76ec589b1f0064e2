"""Series of metrics: the samples of Prometheus, what their names and labels say, and counters that begin anew."""
