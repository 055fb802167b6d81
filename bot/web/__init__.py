"""The pages and the API. Handlers translate; what they do stands in the flows."""

from .app import create_app
from .health import Readiness
from .office import Office

__all__ = ["Office", "Readiness", "create_app"]
