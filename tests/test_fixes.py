from __future__ import annotations

import shlex

import pytest

from azext_aksegress.fixes import UNSPEAKABLE, az
from tests.builders import Shop, fixes


def test_options_are_spelled_as_az_spells_them() -> None:
    assert az("aks upgrade", name="x", node_image_only=True) == "az aks upgrade --name x --node-image-only"


def test_an_option_with_several_values() -> None:
    assert az("aks egress migrate", accept=["EGR601", "EGR604"]).endswith("--accept EGR601 EGR604")


@pytest.mark.parametrize("name", ["a b", "x; rm -rf /", "$(id)", "`id`", "it's", "a\nb", "*", "<placeholder>"])
def test_what_comes_from_azure_stays_one_word_of_the_shell(name: str) -> None:
    assert shlex.split(az("network vnet subnet update", ids=name)) == [
        *("az", "network", "vnet", "subnet", "update", "--ids"),
        name,
    ]


def test_the_fix_of_a_finding_quotes_the_names_it_uses() -> None:
    shop = Shop()
    shop.subnets = shop.estate.vnet("vnet-shop", ["snet; reboot"])
    shop.estate.cluster("aks-shop", pools={"system": shop.subnets["snet; reboot"]})
    *_, (_, attach) = fixes(shop.findings("EGR201", "userDefinedRouting"))
    assert shop.subnets["snet; reboot"] in shlex.split(attach)


@pytest.mark.parametrize("name", ["--yes", "-g", "-", "--output=none"])
def test_a_name_that_begins_as_an_option_does_is_a_value_still(name: str) -> None:
    assert shlex.split(az("network vnet show", name=name))[-1] == f"--name={name}"


@pytest.mark.parametrize("name", ["--yes", "-g", "-", "--output=none", "-@/etc/passwd"])
def test_as_one_of_several_values_it_is_not_printed(name: str) -> None:
    words = shlex.split(az("network vnet show", ids=["a", name, "b"]))
    assert words[-4:] == ["--ids", "a", UNSPEAKABLE, "b"]


@pytest.mark.parametrize("name", ["@/etc/passwd", "@-", "x=@/etc/passwd", "=@x", "a\0b", "\0", "-\0"])
def test_a_name_in_whose_place_az_would_read_a_file_is_not_printed(name: str) -> None:
    assert shlex.split(az("network vnet show", name=name))[-1] == UNSPEAKABLE
    assert shlex.split(az("network vnet show", ids=["a", name]))[-2:] == ["a", UNSPEAKABLE]


@pytest.mark.parametrize("name", ["a@b", "x=y=@b", "user@example.com", "a=b@c"])
def test_a_name_with_an_at_sign_elsewhere_is(name: str) -> None:
    assert shlex.split(az("network vnet show", name=name))[-1] == name
