"""The same acts as JSON: `/api/v1`, described by its own OpenAPI document and by docs/api.md."""

from .app import create_api

__all__ = ["create_api"]
