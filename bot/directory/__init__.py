"""Directory files: YAML and XLSX to a checked `Directory`, and back. Pure: bytes in, values out."""

from .check import CheckOptions, CheckSecret, CheckTarget
from .difference import Change, Difference, Entry, FieldChange, diff
from .loading import Loaded, load
from .xlsx_writer import dump_xlsx
from .yaml_file import dump_yaml

__all__ = ["Change", "CheckOptions", "CheckSecret", "CheckTarget", "Difference", "Entry", "FieldChange", "Loaded"]
__all__ += ["diff", "dump_xlsx", "dump_yaml", "load"]
