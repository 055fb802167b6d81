"""How much of a stranger's file is read. One place, every value with its unit in the name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one reading. A file beyond any of them is refused; nothing is read in part.

    A bulletin is a few pages; the largest seen in this field (with pictures) stay below a tenth of these.
    """

    max_file_bytes: int = 64 * 1024 * 1024
    max_text_bytes: int = 4 * 1024 * 1024  # of a TXT or HTML file
    max_expanded_bytes: int = 128 * 1024 * 1024  # of everything inside a ZIP or DOCX
    max_part_bytes: int = 24 * 1024 * 1024  # of one XML part inside a DOCX
    max_archive_entries: int = 5_000
    max_pages: int = 300  # of a PDF
    max_characters: int = 1_000_000  # of text, whatever the format
    max_blocks: int = 40_000
    max_nesting: int = 200  # elements inside elements
    # The guard's own bounds on the reading process.
    memory_bytes: int = 512 * 1024 * 1024
    cpu_seconds: int = 8
    wall_seconds: float = 10.0


DEFAULT = Limits()
