"""What many checks ask of a cluster is found once."""

from __future__ import annotations

import pytest

from azext_aksegress.snapshot import Unread
from tests.builders import Shop


class TestOnce:
    def test_what_follows_from_a_snapshot_is_found_once(self) -> None:
        cluster, asked = Shop.byo().cluster(), []

        def found() -> str:
            asked.append(1)
            return "found"

        for _ in range(2):
            assert cluster.once("what", found) == "found"
        assert len(asked) == 1

    def test_that_it_is_unread_is_found_once_too(self) -> None:
        cluster, asked = Shop.byo().cluster(), []

        def unread() -> str:
            asked.append(1)
            raise Unread("/an/id", "Azure gave no answer")

        for _ in range(2):
            with pytest.raises(Unread, match="Azure gave no answer"):
                cluster.once("what", unread)
        assert len(asked) == 1
