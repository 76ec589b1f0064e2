"""Tables in CSV, JSON and Parquet, and vendor exports that are tables."""
