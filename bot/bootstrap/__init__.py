"""The only place that picks concrete classes."""

from .app import App, open_app, utc_now
from .backup import backup as make_backup
from .backup import move as move_database
from .backup import restore as restore_backup
from .belongings import refuse_own_file
from .doctor import Finding, examine
from .documents import (
    CHANNEL_NAMES,
    check_directory,
    dump_directory,
    explain_document,
    read_document,
    read_folder,
    resolve_document,
    shipped,
)
from .logs import redacted
from .rehearsal import Rehearsal, set_stage
from .rendering import preview_page, render_document
from .rotation import Rotation, rotate_key
from .sandbox import run_sandbox, sandbox_server

__all__ = [
    "CHANNEL_NAMES",
    "App",
    "Finding",
    "Rehearsal",
    "Rotation",
    "check_directory",
    "dump_directory",
    "examine",
    "explain_document",
    "make_backup",
    "move_database",
    "open_app",
    "preview_page",
    "read_document",
    "read_folder",
    "redacted",
    "refuse_own_file",
    "render_document",
    "resolve_document",
    "restore_backup",
    "rotate_key",
    "run_sandbox",
    "sandbox_server",
    "set_stage",
    "shipped",
    "utc_now",
]
