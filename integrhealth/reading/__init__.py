"""From the files, archives and databases of a landscape to canonical frames, with an account of every record."""
