"""The pages and the API. Handlers translate; what they do stands in the flows."""

from .app import create_app
from .health import Readiness, health_app
from .office import Office

__all__ = ["Office", "Readiness", "create_app", "health_app"]
