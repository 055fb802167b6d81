"""Cards: an Issue as a vendor-neutral Card, and the templates that give it words."""

from .making import make_card
from .wording import TemplateWording

__all__ = ["TemplateWording", "make_card"]
