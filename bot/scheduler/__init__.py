"""Wakes the flows. It holds no truth of its own: what is due stands in the tables."""

from .wakes import Wake, Waker

__all__ = ["Wake", "Waker"]
