"""The simulated chat platforms: a second, independent reading of the vendor reference.

Imports nothing of the rest of the product, so that it cannot share a mistake with `bot.channels`.
Edge: `create_app` (ASGI), `SandboxServer` (background thread), `run` (blocking), `render_html` (preview).
"""

from bot.sandbox.app import create_app
from bot.sandbox.preview import PREVIEW_CSS, render_html
from bot.sandbox.server import SandboxServer, run

__all__ = ["PREVIEW_CSS", "SandboxServer", "create_app", "render_html", "run"]
