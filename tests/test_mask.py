"""What is hidden, what stays, and that the same stays the same."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from azext_aksegress.mask import Mask

SUBSCRIPTION = "0b1f6471-1bf0-4dda-aec3-cb9272f09590"
FIRST = "00000000-0000-0000-0000-000000000001"
SECOND = "00000000-0000-0000-0000-000000000002"


class TestIds:
    def test_are_numbered_in_the_order_in_which_they_come(self) -> None:
        other = SUBSCRIPTION.replace("0b", "1c")
        assert Mask("ids").text(f"/subscriptions/{SUBSCRIPTION} and {other}") == f"/subscriptions/{FIRST} and {SECOND}"

    def test_are_the_same_in_any_letter_case(self) -> None:
        mask = Mask("ids")
        assert mask.text(SUBSCRIPTION.upper()) == mask.text(SUBSCRIPTION) == FIRST

    def test_leave_addresses_alone(self) -> None:
        assert Mask("ids").text("20.1.2.3") == "20.1.2.3"

    @pytest.mark.parametrize(
        "text", [f"sub-{SUBSCRIPTION}", f"x{SUBSCRIPTION}", f"{SUBSCRIPTION}_", f"({SUBSCRIPTION})"]
    )
    def test_are_found_within_other_words(self, text: str) -> None:
        assert SUBSCRIPTION not in Mask("ids").text(text)


class TestAddresses:
    @pytest.mark.parametrize(
        ("text", "masked"),
        [
            ("20.1.2.3", "ip-1"),
            ("from 20.1.2.3 to 52.4.5.6, and 20.1.2.3.", "from ip-1 to ip-2, and ip-1."),
            ("10.1.0.0/16", "ip-1/16"),
            ("20.1.2.3/32 20.1.2.3", "ip-1/32 ip-1"),
            ("[20.1.2.3]:443", "[ip-1]:443"),
            ("pip20.1.2.3", "pipip-1"),
            ("2603:1020:206::5c8/124", "ip-1/124"),
            ("2603:1020:0206:0000:0000:0000:0000:05c8 is 2603:1020:206::5c8", "ip-1 is ip-1"),
            ("fd00::", "ip-1"),
            ("::ffff:20.1.2.3", "ip-1"),
        ],
    )
    def test_get_a_name_each(self, text: str, masked: str) -> None:
        assert Mask("ips").text(text) == masked

    @pytest.mark.parametrize(
        "text",
        ["0.0.0.0/0", "::/0", "168.63.129.16", "1.33.2", "az 2.91.0", "2026-11-23T06:00:00Z", "06:00:00", "999.1.1.1"],
    )
    def test_are_not_seen_where_none_are(self, text: str) -> None:
        assert Mask("ips").text(text) == text

    def test_leave_ids_alone(self) -> None:
        assert Mask("ips").text(SUBSCRIPTION) == SUBSCRIPTION


@dataclass(frozen=True)
class Told:
    text: str
    more: tuple[tuple[str, ...], ...] = ()


def test_documents_are_masked_to_the_last_key() -> None:
    document = {
        SUBSCRIPTION: [{"ip": "20.1.2.3", "count": 2, "none": None}],
        "told": Told("20.1.2.3", (("52.1.1.1",),)),
    }
    assert Mask("ids", "ips").all(document) == {
        FIRST: [{"ip": "ip-1", "count": 2, "none": None}],
        "told": Told("ip-1", (("ip-2",),)),
    }


def test_ids_and_addresses_are_numbered_apart() -> None:
    assert Mask("ids", "ips").text(f"{SUBSCRIPTION} 20.1.2.3") == f"{FIRST} ip-1"
