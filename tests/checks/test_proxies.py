from __future__ import annotations

import pytest

from azext_aksegress.matrix import OUTBOUND_TYPES
from tests.armsim.estate import isolated
from tests.builders import Shop
from tests.checks.test_filters import observed, proxied, without_network

LB, MNAT, UANAT = "loadBalancer", "managedNATGateway", "userAssignedNATGateway"
UDR, NONE, BLOCK = "userDefinedRouting", "none", "block"


class TestEGR305ProxyStaysReachable:
    @pytest.mark.parametrize("config", [None, {}, "text", {"httpProxy": ""}, {"noProxy": ["x"], "trustedCa": "ca"}])
    def test_without_a_proxy_it_is_moot(self, config: object) -> None:
        (finding,) = Shop.byo().set(httpProxyConfig=config).findings("EGR305", UANAT)
        assert (finding.outcome, finding.seen.observed) == ("skip", "no HTTP proxy is configured")

    def test_one_that_is_turned_off_counts_as_none(self) -> None:
        assert proxied(Shop.byo(), "http://proxy:3128", enabled=False).outcome("EGR305", UANAT) == "skip"

    @pytest.mark.parametrize("to", [LB, UANAT, UDR, NONE])
    @pytest.mark.parametrize("host", ["10.240.9.8", "10.1.0.9"])
    def test_a_proxy_in_the_network_or_in_a_peer_passes(self, to: str, host: str) -> None:
        shop = proxied(Shop.byo(UDR), f"http://{host}:3128")
        assert shop.outcome("EGR305", to) == "pass"

    @pytest.mark.parametrize("host", ["20.1.2.3", "proxy.example.com"])
    @pytest.mark.parametrize("key", ["httpProxy", "httpsProxy"])
    def test_a_proxy_on_the_internet_must_admit_the_new_addresses(self, host: str, key: str) -> None:
        shop = proxied(Shop.byo(NONE), f"http://{host}:3128", key)
        own = shop.own_ip()
        (finding,) = shop.findings("EGR305", LB, ip_ids=(own,))
        assert finding.outcome == "warn"
        address = shop.estate[own]["properties"]["ipAddress"]
        assert (finding.seen.observed or "").endswith(f"must admit {address}")

    def test_it_says_so_too_where_aks_makes_the_addresses(self) -> None:
        shop = proxied(Shop.managed(), "http://20.1.2.3:3128")
        assert "it must admit the new egress IPs" in observed(shop, "EGR305", MNAT)

    @pytest.mark.parametrize(("shop", "to"), [(Shop.byo(**isolated()), NONE), (Shop.managed(**isolated()), BLOCK)])
    def test_without_a_way_out_it_is_out_of_reach(self, shop: Shop, to: str) -> None:
        assert f"to which {to} leaves no way" in observed(proxied(shop, "http://20.1.2.3"), "EGR305", to)

    def test_where_egress_stays_as_it_is_so_does_the_proxy(self) -> None:
        assert proxied(Shop.byo(UANAT), "http://20.1.2.3").outcome("EGR305", NONE) == "pass"
        assert proxied(Shop.byo().gated(), "http://20.1.2.3").outcome("EGR305", UANAT) == "pass"

    def test_a_private_proxy_elsewhere_is_behind_the_new_hop(self) -> None:
        shop = proxied(Shop.byo().routed(), "http://172.16.0.4:3128")
        assert shop.outcome("EGR305", UDR) == "warn"
        assert "172.16.0.4 is behind VirtualAppliance 10.1.0.4" in observed(shop, "EGR305", UDR)

    def test_or_behind_the_one_that_is_left(self) -> None:
        shop = proxied(Shop.byo(UDR), "http://172.16.0.4:3128")
        assert shop.outcome("EGR305", LB) == "warn"
        assert "without that route" in observed(shop, "EGR305", LB)

    def test_no_public_path_carries_what_is_private(self) -> None:
        assert proxied(Shop.byo(UANAT), "http://172.16.0.4:3128").outcome("EGR305", LB) == "pass"

    def test_one_proxy_under_two_keys_is_one_finding(self) -> None:
        shop = proxied(Shop.byo(NONE), "http://20.1.2.3:3128", httpsProxy="https://20.1.2.3:3129")
        assert shop.outcome("EGR305", LB) == "warn"

    def test_two_proxies_are_judged_each(self) -> None:
        shop = proxied(Shop.byo(NONE), "http://20.1.2.3:3128", httpsProxy="proxy")
        assert [outcome for outcome, _ in shop.outcomes("EGR305", LB)] == ["warn", "unknown"]

    def test_neither_user_nor_password_nor_certificate_is_said(self) -> None:
        shop = proxied(Shop.byo().gated(), "http://jane:secret@20.1.2.3:3128", trustedCa="certificate")
        said = observed(shop, "EGR305", UANAT)
        assert "20.1.2.3" in said
        assert not [word for word in ("jane", "secret", "certificate") if word in said]

    @pytest.mark.parametrize("url", ["proxy:3128", "http://", "http://[::1", "jane:secret@proxy:3128"])
    def test_a_url_that_names_no_host_is_unknown_and_is_not_said(self, url: str) -> None:
        shop = proxied(Shop.byo(), url)
        assert shop.outcome("EGR305", UANAT) == "unknown"
        assert "secret" not in observed(shop, "EGR305", UANAT)

    def test_a_private_proxy_of_a_cluster_without_a_network_cannot_be_judged(self) -> None:
        shop = proxied(without_network(), "http://10.240.9.8:3128")
        assert observed(shop, "EGR305", BLOCK) == "no virtual network of the cluster was found"
        assert "on the internet" in observed(proxied(without_network(), "http://20.1.2.3"), "EGR305", BLOCK)

    def test_a_network_that_cannot_be_read_is_unknown_and_only_warns(self) -> None:
        shop = proxied(Shop.byo().gated(), "http://10.240.9.8:3128")
        shop.arm.forbid(shop.network_id)
        assert shop.outcome("EGR305", UANAT) == "unknown"

    @pytest.mark.parametrize("to", OUTBOUND_TYPES)
    def test_it_is_judged_for_every_target(self, to: str) -> None:
        assert Shop.managed().findings("EGR305", to)
