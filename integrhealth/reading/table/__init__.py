"""Tables in CSV, JSON and Parquet, vendor exports that are tables, and a mapping suggested for an unknown one."""
