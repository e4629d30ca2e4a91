"""Run Azure's own `azdev style` and `azdev linter` on the extension, without the clones that azdev would set up.

azdev wants the extension at `<git repository>/src/<name>` beside a clone of the Azure CLI; this lays out both in a
folder of its own, with links to the sources here. Usage: python tools/conventions.py FOLDER
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RULES = ["params", "commands", "command_groups", "help_entries"]
"""All that need no download; `command_test_coverage` does."""

PATTERNS = ["CMD", "QUO", "END", "DOCS_END", "NOT_END", "NUMBER_SIGN"]
"""What azdev would download at its start, for that rule alone."""


def lay_out(folder: Path) -> dict[str, str]:
    """Make the folders that azdev looks for; the environment that points azdev to them."""
    import azdev

    venv = Path(sys.prefix)
    shutil.rmtree(folder, ignore_errors=True)
    extension = folder / "extensions" / "src" / "aksegress"
    extension.mkdir(parents=True)
    for name in ("azext_aksegress", "setup.py", "README.md", "HISTORY.rst"):
        (extension / name).symlink_to(ROOT / name)
    _run(["git", "init", "--quiet"], folder / "extensions")
    _run([sys.executable, "setup.py", "--quiet", "egg_info"], extension)

    cli = folder / "cli"
    (cli / "scripts" / "ci").mkdir(parents=True)
    (cli / "scripts" / "ci" / "cmdcov.yml").write_text("".join(f"{name}_PATTERN: ''\n" for name in PATTERNS))
    _run(["git", "init", "--quiet"], cli)

    config = folder / "config"
    files = config / "env_config" / str(venv).lstrip("/") / "config_files"
    shutil.copytree(Path(azdev.__file__).parent / "config", files)
    (config / "config").write_text(f"[cli]\nrepo_path = {cli}\n\n[ext]\nrepo_paths = {folder / 'extensions'}\n")
    return {
        **os.environ,
        "AZDEV_CLI_REPO_PATH": str(cli),
        "AZDEV_EXT_REPO_PATHS": str(folder / "extensions"),
        "AZDEV_CONFIG_DIR": str(config),
        "AZURE_CONFIG_DIR": str(folder / "azure"),
        "AZURE_EXTENSION_DIR": str(folder / "installed"),
        "AZURE_EXTENSION_DEV_SOURCES": str(folder / "extensions" / "src"),
        "AZURE_CORE_COLLECT_TELEMETRY": "false",
        "VIRTUAL_ENV": str(venv),
        "PATH": f"{venv / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }


def _run(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True)


def main() -> int:
    """Both tools; the first that fails is the exit code."""
    environment = lay_out(Path(sys.argv[1]).resolve())
    azdev = str(Path(sys.prefix) / "bin" / "azdev")
    for command in (["style", "aksegress"], ["linter", "aksegress", "--min-severity", "low", "--rule-types", *RULES]):
        done = subprocess.run([azdev, *command], env=environment, cwd=ROOT, check=False)
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
