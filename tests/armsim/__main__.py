"""Serve a fleet, with an az that is signed in to it in a folder of its own, until Ctrl-C.

Usage: python -m tests.armsim --fleet 5000 [--az .venv/bin/az] [--extension dist/aksegress-….whl]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import sys
import tempfile
import threading
from pathlib import Path

from tests.armsim.arm import Arm
from tests.armsim.cli import Az
from tests.armsim.estate import Estate
from tests.armsim.estate_fleet import fleet
from tests.armsim.server import LocalAzure


def main() -> None:
    """Say how to run az against the fleet, and wait."""
    parser = argparse.ArgumentParser(prog="python -m tests.armsim", description="A local Azure with a fleet in it.")
    parser.add_argument("--fleet", type=int, default=100, metavar="N", help="how many clusters (100)")
    parser.add_argument(
        "--az", type=Path, default=Path(sys.executable).with_name("az"), help="the az that is signed in"
    )
    parser.add_argument("--extension", type=Path, metavar="WHEEL", help="an extension to add to it")
    options = parser.parse_args()
    estate = Estate()
    fleet(estate, options.fleet)
    with tempfile.TemporaryDirectory(prefix="armsim-") as folder, LocalAzure(Arm(estate), Path(folder)) as azure:
        az = Az(options.az.absolute(), Path(folder) / "az", azure)
        az.sign_in()
        if options.extension:
            az.add_extension(options.extension.absolute())
        sys.stdout.write(f"{options.fleet} clusters on {azure.url}; run az like this, and end with Ctrl-C:\n\n")
        sys.stdout.write(f"{_settings(az)} {shlex.quote(str(az.executable))} aks list -o table\n")
        sys.stdout.flush()
        threading.Event().wait()


def _settings(az: Az) -> str:
    """What an az needs in its environment to find the local Azure, and nothing else."""
    own = {name: value for name, value in az.environment.items() if os.environ.get(name) != value}
    return " ".join(f"{name}={shlex.quote(value)}" for name, value in own.items())


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):  # the way in which it ends
        main()
