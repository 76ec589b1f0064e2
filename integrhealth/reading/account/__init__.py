"""What was read of one file and what was not: parsed rows, rejections, and what to do about each reason."""
