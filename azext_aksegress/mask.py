"""Hides what identifies an owner in texts that are to be shared: ids of subscriptions and the like, and IP addresses.

The same text gets the same stand-in as long as the Mask lives, so that a reader can still tell what is the same.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from typing import Any

IDS, IPS = "ids", "ips"
KINDS = (IDS, IPS)

_GUID = re.compile(r"(?<![0-9a-f])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f])", re.I)
_ADDRESS = re.compile(
    r"(?<![0-9.])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d)"  # IPv4
    r"|(?<![0-9A-Za-z:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}"  # IPv6, which may end as IPv4 does
    r"(?:(?<=:)\d{1,3}(?:\.\d{1,3}){3})?(?![0-9A-Za-z:]|\.\d)"
)
_OF_EVERYBODY = {"0.0.0.0", "::", "168.63.129.16"}  # noqa: S104  # nothing is bound to it
"""Addresses that tell nothing: all of them, and Azure's own, the same for everybody (Microsoft, What is IP address
168.63.129.16, 2025)."""


class Mask:
    """Stand-ins for what was hidden so far: GUIDs by number, and addresses as ip-1, ip-2 and so on."""

    def __init__(self, *kinds: str) -> None:
        self._kinds = kinds
        self._known: dict[str, str] = {}

    def text(self, text: str) -> str:
        """A text without what is to be hidden."""
        if IDS in self._kinds:
            text = _GUID.sub(lambda found: self._stand_in(found[0].lower(), "00000000-0000-0000-0000-{:012d}"), text)
        if IPS in self._kinds:
            text = _ADDRESS.sub(self._address, text)
        return text

    def all(self, data: Any) -> Any:
        """The same for every text in a document, or in dataclasses."""
        if isinstance(data, str):
            return self.text(data)
        if isinstance(data, dict):
            return {self.all(key): self.all(value) for key, value in data.items()}
        if isinstance(data, (list, tuple)):
            return type(data)(self.all(item) for item in data)
        if dataclasses.is_dataclass(data) and not isinstance(data, type):
            fields = {field.name: self.all(getattr(data, field.name)) for field in dataclasses.fields(data)}
            return dataclasses.replace(data, **fields)
        return data

    def _address(self, found: re.Match[str]) -> str:
        try:
            address = str(ipaddress.ip_address(found[0]))
        except ValueError:
            return found[0]
        return found[0] if address in _OF_EVERYBODY else self._stand_in(address, "ip-{}")

    def _stand_in(self, secret: str, pattern: str) -> str:
        kind = sum(value.startswith(pattern[:3]) for value in self._known.values())
        return self._known.setdefault(secret, pattern.format(kind + 1))
