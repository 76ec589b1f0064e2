"""Has it gone quiet: what did not come, beside what was to be expected."""
