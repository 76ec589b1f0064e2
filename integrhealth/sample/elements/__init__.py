"""Single values on their way through the sample company: who writes them, who changes them, what is lost."""
