"""How often each capability gets through, composed of how often each system is up, and what each system adds to it."""
