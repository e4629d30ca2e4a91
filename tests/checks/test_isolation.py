from __future__ import annotations

from tests.armsim.estate import isolated
from tests.builders import Shop, fixes


class TestEGR241ArtifactSourceIsCache:
    def test_cache_passes(self) -> None:
        assert Shop.managed(**isolated()).outcome("EGR241", "none") == "pass"

    def test_direct_fails_and_names_the_reimage_before_the_move(self) -> None:
        shop = Shop.managed(**isolated()).set(bootstrapProfile={"artifactSource": "Direct"})
        assert shop.outcome("EGR241", "block") == "fail"
        assert [when for when, _ in fixes(shop.findings("EGR241", "block"))] == ["before", "before"]

    def test_no_profile_is_direct(self) -> None:
        assert Shop.managed(**isolated()).set(bootstrapProfile=None).outcome("EGR241", "none") == "fail"

    def test_no_profile_is_unknown_where_the_api_version_is_too_old_to_know(self) -> None:
        shop = Shop.managed(**isolated()).set(bootstrapProfile=None).older("2024-09-01")
        assert shop.outcome("EGR241", "none") == "unknown"


class TestEGR242ApiServerIsPrivate:
    def test_a_private_cluster_passes(self) -> None:
        assert Shop.managed(**isolated()).outcome("EGR242", "none") == "pass"

    def test_vnet_integration_passes(self) -> None:
        access = {"enablePrivateCluster": False, "enableVnetIntegration": True}
        assert Shop.managed(apiServerAccessProfile=access).outcome("EGR242", "none") == "pass"

    def test_a_public_api_server_fails(self) -> None:
        assert Shop.managed().outcome("EGR242", "none") == "fail"

    def test_a_public_api_server_is_unknown_where_the_api_version_is_too_old_to_know(self) -> None:
        assert Shop.managed().older("2025-01-01").outcome("EGR242", "none") == "unknown"
