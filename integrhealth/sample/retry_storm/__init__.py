"""An evening of parcel scans in which retries keep a fault alive, and what was planted in it."""
