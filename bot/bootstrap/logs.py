"""Logging: one line an event on standard error, as text or JSON, with every credential taken out."""

from __future__ import annotations

import logging
import sys

import structlog

from bot.settings import Settings
from bot.transport import RedactingFormatter, redact, silence_http_logs

_CHATTY = ("alembic", "uvicorn", "apscheduler", "asyncio", "watchfiles")
"""Libraries whose news are not an operator's; their warnings are."""


def configure_logging(settings: Settings) -> None:
    """Set the root logger up; called once by each command that opens the installation."""
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.format_exc_info,
    ]
    last: structlog.types.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        RedactingFormatter(
            structlog.stdlib.ProcessorFormatter(
                foreign_pre_chain=shared,
                processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
            )
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    silence_http_logs()
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def redacted(text: str) -> str:
    """`text` without webhook keys and registered secrets."""
    return redact(text)
