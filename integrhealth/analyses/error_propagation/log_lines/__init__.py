"""What the lines of logs say by themselves: which errors each system wrote, how often, and when."""
