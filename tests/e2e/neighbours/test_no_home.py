"""No HOME, and a user that nobody knows, as in many a container: records are where a person would look, or nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.armsim.cli import Az
from tests.builders import Shop
from tests.e2e.neighbours.conftest import Serve, World

CLUSTER = ("-g", "rg-shop", "-n", "aks-shop")
UDR = "userDefinedRouting"
NOBODY = "--map-user=54321 --map-group=54321"


@pytest.fixture
def homeless(world: World, az: Az, tmp_path: Path) -> Az:
    """An az that keeps its settings where az does without a home, in a folder `~` where it stands, and is signed in."""
    stand = tmp_path / "stand"
    copied = f'mkdir -p "{stand}/~" && cp -r "{az.folder}/azure" "{stand}/~/.azure" && cd "{stand}"'
    return world("unset HOME AZURE_CONFIG_DIR", copied, unshare=NOBODY)


@pytest.mark.parametrize("words", [("migrate", "--to", UDR, "--yes"), ("verify",), ("rollback", "--yes")])
def test_without_a_home_there_is_no_place_for_records(homeless: Az, serve: Serve, words: tuple[str, ...]) -> None:
    arm = serve(Shop.byo().routed())
    result = homeless("aks", "egress", *words, *CLUSTER)
    assert (result.code, arm.writes) == (1, [])
    assert "There is no home folder" in result.err
    assert "--record-dir" in result.err


def test_a_named_folder_serves_instead(homeless: Az, serve: Serve, tmp_path: Path) -> None:
    serve(Shop.byo().routed())
    folder = tmp_path / "records"
    result = homeless("aks", "egress", "migrate", *CLUSTER, "--to", UDR, "--yes", "--record-dir", str(folder))
    assert (result.code, Path(result.json["record"]).parent) == (0, folder), result.err
    assert homeless("aks", "egress", "verify", *CLUSTER, "--record-dir", str(folder)).code == 0
    assert homeless("aks", "egress", "verify", *CLUSTER, "--record", result.json["record"]).code == 0


def test_settings_elsewhere_need_no_home_either(world: World, serve: Serve, az: Az) -> None:
    serve(Shop.byo().routed())
    homeless = world("unset HOME", unshare=NOBODY)
    result = homeless("aks", "egress", "migrate", *CLUSTER, "--to", UDR, "--yes")
    assert (result.code, Path(result.json["record"]).parent) == (0, az.folder / "azure" / "aksegress"), result.err
    assert homeless("aks", "egress", "verify", *CLUSTER).code == 0


def test_a_home_that_was_not_there_has_the_records(world: World, serve: Serve, az: Az, tmp_path: Path) -> None:
    serve(Shop.byo().routed())
    home = tmp_path / "not" / "there"
    signed_in = f'mkdir -p "{home}" && cp -r "{az.folder}/azure" "{home}/.azure"'
    new = world("unset AZURE_CONFIG_DIR", f'export HOME="{home}"', signed_in)
    result = new("aks", "egress", "migrate", *CLUSTER, "--to", UDR, "--yes")
    assert (result.code, Path(result.json["record"]).parent) == (0, home / ".azure" / "aksegress"), result.err


@pytest.mark.parametrize(
    "words",
    [("show",), ("check", "--to", "loadBalancer", "--lb-ips", "/x"), ("migrate", "--to", UDR, "--dry-run")],
    ids=lambda words: words[0],
)
def test_what_keeps_no_record_needs_no_home(homeless: Az, serve: Serve, words: tuple[str, ...]) -> None:
    serve(Shop.byo().routed())
    result = homeless("aks", "egress", *words, *CLUSTER)
    assert "There is no home folder" not in result.err
    assert result.json
