"""How many errors an error causes, told by their times where no message names its parent."""
