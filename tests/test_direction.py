"""Data flows one way, so imports do: a module may import only what stands before it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "azext_aksegress"
ORDER = [
    *("strictjson", "arm", "matrix", "request", "fixes", "snapshot", "network", "pools", "cluster", "profiles"),
    *("hops", "egress", "questions", "read"),
    *("security", "firewall_rules", "firewalls", "needs", "opening", "access", "snat", "allowlists", "ranges"),
    "maintenance",
    *("checks", "checks.support", "checks.moment", "checks.routes", "checks.hops", "checks.gateways", "checks.nodes"),
    "checks.balancers",
    *("checks.filters", "checks.proxies", "checks.addresses", "checks.isolation", "checks.registries", "checks.notice"),
    *("checks.neighbours", "checks.room", "checks.governance", "checks.rights", "checks.wayback"),
    *(
        "report",
        "topology",
        "mask",
        "body",
        "judged",
        "steps",
        "expected",
        "verify",
        "plan",
        "owners",
        "files",
        "record",
        "past",
        "migration",
        "saved",
    ),
    *("nodes", "node_script", "probe", "graph", "surroundings", "fleet"),
    *("wire", "resources", "answers", "azure", "follow", "apply", "asking", "proof", "inventory"),
    *("render", "render.terminal", "render.moves", "render.fleet", "render.table", "render.page"),
    *(
        "render.markup",
        "render.svg",
        "render.html",
        "render.markdown",
        "present",
        "_errors",
        "pages",
        "_validators",
    ),
    *("listing", "inputs", "moving", "custom"),
    *("_help", "_params", "commands", ""),
]
SDK = {
    "azure": ("azure",),
    "wire": ("azure.core", "requests"),
    "resources": ("azure",),
    "inventory": ("azure.core.exceptions",),
    "answers": ("azure.core.exceptions",),
    "follow": ("azure.core.exceptions",),
    "apply": ("azure.core.exceptions",),
    "asking": ("azure.core.exceptions",),
    "proof": ("azure.core.exceptions",),
}
TERMINALS = {"present"}


def modules() -> list[str]:
    names = (path.relative_to(PACKAGE).with_suffix("").as_posix() for path in PACKAGE.rglob("*.py"))
    return sorted(name.replace("/", ".").replace(".__init__", "").replace("__init__", "") for name in names)


def path_of(module: str) -> Path:
    path = PACKAGE.joinpath(*module.split(".")) if module else PACKAGE
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def imports(module: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path_of(module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_every_module_has_its_place_in_the_order() -> None:
    assert sorted(ORDER) == modules()


@pytest.mark.parametrize("module", modules())
def test_a_module_imports_only_what_stands_before_it(module: str) -> None:
    ours = {found[len("azext_aksegress.") :] for found in imports(module) if found.startswith("azext_aksegress.")}
    used = {found for found in ours if found in ORDER} - {module}
    assert not {found for found in used if ORDER.index(found) > ORDER.index(module)}


@pytest.mark.parametrize("module", [name for name in modules() if not name.startswith("_") and name])
def test_only_the_modules_that_talk_to_azure_import_its_sdk(module: str) -> None:
    glue = {"inputs", "moving", "custom", "commands", "present"}
    sdk = {found for found in imports(module) if found.split(".")[0] in ("azure", "knack", "requests")}
    if module not in glue:
        assert not {found for found in sdk if not found.startswith(SDK.get(module, ("never",)))}


@pytest.mark.parametrize("module", [name for name in modules() if name.startswith(("checks", "render", "report"))])
def test_checks_and_renderers_know_neither_network_nor_terminal_nor_files(module: str) -> None:
    text = path_of(module).read_text(encoding="utf-8")
    assert not {"azure", "sys", "os", "io", "open", "socket", "urllib"} & {
        found.split(".")[0] for found in imports(module)
    }
    assert "print(" not in text
    assert "cli_ctx" not in text


@pytest.mark.parametrize("module", modules())
def test_the_syntax_is_that_of_python_3_8(module: str) -> None:
    ast.parse(path_of(module).read_text(encoding="utf-8"), feature_version=(3, 8))


@pytest.mark.parametrize("module", modules())
def test_a_newcomer_reads_a_file_in_one_sitting(module: str) -> None:
    assert len(path_of(module).read_text(encoding="utf-8").splitlines()) <= 400
