"""The use cases. Store, sender and clock arrive as arguments (ports.py)."""
