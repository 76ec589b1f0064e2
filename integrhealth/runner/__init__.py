"""Running the notebooks of the reports into a folder of pages, tables and findings."""
