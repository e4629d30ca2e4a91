"""The rows of the documentation's tables, read from the file beside the tests rather than from the product."""

from __future__ import annotations

from pathlib import Path

_STATUS = {"Supported": "supported", "Not Supported": "notSupported", "N/A": "notApplicable"}


def cells() -> list[tuple[str, str, str, str]]:
    """VNet kind, from, to, status: every cell of both tables."""
    found: list[tuple[str, str, str, str]] = []
    columns: list[str] = []
    for line in (Path(__file__).parent / "data" / "migration_paths.txt").read_text().splitlines():
        if line.startswith("#"):
            continue
        vnet, rest = line.split(" ", 1)
        if rest.startswith("From|To"):
            columns = [cell.strip() for cell in rest[len("From|To") :].split("|")]
            continue
        origin, *row = rest.replace("|", " | ", 1).split(" | ")
        origin, row = origin.strip(), [cell.strip() for cell in row if cell.strip()]
        found += [(vnet, origin, target, _STATUS[cell]) for target, cell in zip(columns, row)]
    return found
