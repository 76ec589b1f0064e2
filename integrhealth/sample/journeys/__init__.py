"""The journeys of the sample company: when each step happens, what goes wrong, and the records of it."""
