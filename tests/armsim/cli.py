"""A real az in private folders, signed in to the local Azure. Nothing of the user's own is read or written."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.armsim.arm import TENANT
from tests.armsim.server import LocalAzure

_NOWHERE = "http://127.0.0.1:9"
"""A proxy that is not there: whatever would leave this machine fails at once."""
_FAST_CLOCK = Path(__file__).parent / "clock"
_SECRET_NAMES = ("AZURE_", "ARM_", "MSI_", "IDENTITY_", "AKSEGRESS_")


@dataclass(frozen=True)
class Result:
    """How one az command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Az:
    """One az executable with a configuration of its own below `folder`.

    With `fast_clock`, what it waits for by sleeping takes a hundredth of the time, as `clock/sitecustomize.py` says;
    az itself, and all that it sends and hears, stays as it is.
    """

    def __init__(self, executable: Path, folder: Path, azure: LocalAzure, fast_clock: bool = False) -> None:
        self.executable = executable
        self.folder = folder
        self.azure = azure
        self.fast_clock = fast_clock
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def environment(self) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(_SECRET_NAMES)}
        clock = os.pathsep.join(filter(None, [str(_FAST_CLOCK), inherited.get("PYTHONPATH")]))
        return {
            **inherited,
            **({"PYTHONPATH": clock} if self.fast_clock else {}),
            "HOME": str(self.folder),
            "AZURE_CONFIG_DIR": str(self.folder / "azure"),
            "AZURE_EXTENSION_DIR": str(self.folder / "extensions"),
            "AZURE_CORE_COLLECT_TELEMETRY": "false",
            "AZURE_CORE_SURVEY_MESSAGE": "false",
            "AZURE_CORE_INSTANCE_DISCOVERY": "false",
            "AZURE_CORE_LOGIN_EXPERIENCE_V2": "false",
            "AZURE_EXTENSION_USE_DYNAMIC_INSTALL": "no",
            "AZURE_CORE_NO_COLOR": "true",
            "REQUESTS_CA_BUNDLE": str(self.azure.ca),
            "HTTP_PROXY": _NOWHERE,
            "HTTPS_PROXY": _NOWHERE,
            "NO_PROXY": "127.0.0.1,localhost",
            "PYTHONWARNINGS": "ignore",
        }

    def __call__(self, *words: str, stdin: str | None = None) -> Result:
        done = subprocess.run(
            [str(self.executable), *words],
            env=self.environment,
            cwd=self.folder,  # elsewhere, python -m would take the package of a checkout before the one in the wheel
            input=stdin or "",
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Begin a command in a process group of its own, and do not wait for it; nobody hears what it says."""
        nowhere = subprocess.DEVNULL
        return subprocess.Popen(
            [str(self.executable), *words],
            env=self.environment,
            cwd=self.folder,
            stdin=nowhere,
            stdout=nowhere,
            stderr=nowhere,
            start_new_session=True,
        )

    def must(self, *words: str) -> Result:
        result = self(*words)
        if result.code:
            raise RuntimeError(f"az {' '.join(words)} ended with {result.code}:\n{result.out}\n{result.err}")
        return result

    def shell(self, command: str) -> Result:
        """Run a command as a person would paste it: through a POSIX shell, with this az on the PATH."""
        path = f"{self.executable.parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            env={**self.environment, "PATH": path},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def sign_in(self) -> None:
        """Register the local Azure as a cloud, and sign in to it as a service principal."""
        url = self.azure.url
        endpoints: list[str] = []
        for option in (
            "resource-manager",
            "active-directory",
            "active-directory-resource-id",
            "active-directory-graph-resource-id",
            "gallery",
            "management",
        ):
            endpoints += [f"--endpoint-{option}", url]
        self.must("cloud", "register", "--name", "Local", *endpoints)
        self.must("cloud", "set", "--name", "Local")
        principal = ["--username", TENANT, "--password", "local", "--tenant", TENANT]
        self.must("login", "--service-principal", *principal)

    def add_extension(self, wheel: Path) -> None:
        self.must("extension", "add", "--source", str(wheel), "--yes")
