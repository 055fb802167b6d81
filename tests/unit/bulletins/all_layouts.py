"""Every layout: the modules add theirs to one list when imported."""

from __future__ import annotations

from tests.unit.bulletins import layouts, layouts_forms, layouts_hard, layouts_office

MODULES = (layouts, layouts_forms, layouts_hard, layouts_office)
LAYOUTS = layouts.LAYOUTS
