"""From sources to archives: one zip per function and one layer, the same bytes for the same input."""

from build.packaging.archive import Archive, Package
from build.packaging.command import package

__all__ = ["Archive", "Package", "package"]
