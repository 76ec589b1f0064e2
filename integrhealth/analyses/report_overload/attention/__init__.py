"""What reading takes from each person: minutes needed and spent, what machines opened, and what was passed on."""
