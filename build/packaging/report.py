"""What packaging tells people: a table on a terminal, plain lines elsewhere."""

from pathlib import Path

from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

from build.packaging.archive import Archive, Package

SHORT_DIGEST = 12


def show(console: Console, package: Package, output: Path) -> None:
    """Print the archives of a package, and their total size.

    Args:
        console: where to; its kind decides how.
        package: what was made.
        output: the folder that holds it.
    """
    if console.is_terminal:
        console.print(_table(package))
    else:
        for archive in package.archives:
            print("  ".join(_row(archive)), file=console.file)
    print(f"{len(package.archives)} archives, {decimal(package.size)}, in {output}", file=console.file)


def _table(package: Package) -> Table:
    table = Table("Archive", "Size", "Digest", "")
    for archive in package.archives:
        table.add_row(*_row(archive))
    return table


def _row(archive: Archive) -> tuple[str, ...]:
    state = "built" if archive.rebuilt else "unchanged"
    return archive.name, decimal(archive.size), archive.digest[:SHORT_DIGEST], state
