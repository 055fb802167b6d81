"""Jianbao (简报): official bulletins to the group bots of every unit on their lists, with receipts."""

__version__ = "0.1.0"
