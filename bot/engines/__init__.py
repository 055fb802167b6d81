"""Spread deliveries over workers. Every engine runs the same dispatch flow (bot/flows/deliver.py)."""
