"""How much a system can take: its load minute by minute, the curve of throughput against concurrency, and its peak."""
