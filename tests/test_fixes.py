from __future__ import annotations

import shlex

import pytest

from azext_aksegress.fixes import az
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
