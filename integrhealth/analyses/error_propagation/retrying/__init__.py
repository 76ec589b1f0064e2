"""What retries made of errors: attempts per message, pauses, storms, and layers that multiply."""
