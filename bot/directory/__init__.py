"""Directory files: YAML and XLSX to a checked `Directory`, and back. Pure: bytes in, values out."""

from .check import CheckTarget
from .loading import Loaded, load
from .yaml_file import dump_yaml

__all__ = ["CheckTarget", "Loaded", "dump_yaml", "load"]
