"""Records of nested files and entries of plain logs as rows, and events as the messages they tell of."""
