"""Names that no Azure should let anybody give, and estates in which everything is called so."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Mapping

from azext_aksegress.request import Request
from azext_aksegress.snapshot import Snapshot
from tests.armsim.ids import GROUP, NETWORK_GROUP
from tests.builders import AZ, CLUSTER
from tests.defects import Defect

CANARY = "canary"
"""The file that is there once a name was run as a command."""

NAMES: Mapping[str, str] = {
    "a command after": f'x; touch {CANARY} # "',
    "a command within": f"$(touch {CANARY})`touch {CANARY}`${{IFS}}$HOME",
    "a command on a line of its own": f"x\ntouch {CANARY}\r\n\ttouch {CANARY}\x0b\x0c\x08\n",
    "what ends a quote": f"'; touch {CANARY}; ''\"'\"'; touch {CANARY}; \\",
    "signs and patterns": f"&& touch {CANARY} || x & x | tee {CANARY} > {CANARY} * [a-z] {{a,b}} ~ ~root !! %PATH% ^",
    "what moves a terminal": "\x1b[2J\x1b[31m\x1b]0;t\x07\x1bP\x1b\\\x1b]8;;https:evil\x07x\x9b31m\x9d0;t\x9c\x90\x85y",
    "what turns and hides": "\u202egnp.x\u2066\u200b\u200f\ufeff\xad\u2028\u2029\u061c\U000e0041y",
    "markup": "<script>alert(1)<b>&lt;![x](javascript:alert) é\U0001f600ß\u0301Ⅷ",
    "an option": "--yes",
    "of absurd length": "x" * 600,
}
"""By what is odd about them; none holds a `/` or a `?`, which end a name in an id."""
FILES: Mapping[str, str] = {"a file": "@/etc/passwd", "a file after": "x=@/etc/passwd", "a NUL": "x\0y"}
"""What cannot be said to az at all."""
_PLAIN = (
    *(CLUSTER, GROUP, NETWORK_GROUP, "vnet-shop", "vnet-hub", "rt-snet-system", "rt-snet-apps", "snet-system"),
    *("snet-apps", "snet-others", "nat-shop", "nsg-shop", "nsg-db", "pip-own", "fw-hub", "aks-other"),
)


@dataclass(frozen=True)
class Renamed:
    """Gives everything in an estate a name that begins with another: as it is, and in lower case where ids are keys."""

    name: str

    def text(self, text: str) -> str:
        """A text with every name in it changed."""
        for number, plain in enumerate(_PLAIN):
            text = text.replace(plain, f"\ue000{number};")
        for number, _ in enumerate(_PLAIN):
            text = text.replace(f"\ue000{number};", f"{self.name}{number}")
        return text

    def document(self, value: Any) -> Any:
        """A document with every name in its texts changed."""
        if isinstance(value, dict):
            return {self.text(key): self.document(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(self.document(item) for item in value)
        return self.text(value) if isinstance(value, str) else value

    def snapshot(self, read: Snapshot) -> Snapshot:
        """A reading of a cluster with every name changed, with a tag and a pool that are called so too."""
        keys = Renamed(self.name.lower()).text
        cluster = {**self.document(read.cluster), "tags": {self.name: self.name}}
        parts = {
            part: {keys(key): self.document(value) for key, value in getattr(read, part).items()}
            for part in ("resources", "collections")
        }
        unread = {
            keys(key): type(row)(self.text(row.id or ""), row.reason, row.permission)
            for key, row in read.unread.items()
        }
        return replace(read, cluster=cluster, unread=unread, **parts)


def asked_of(defect: Defect, renamed: Renamed | None = None) -> Request:
    """The request of a defect, with its ids renamed."""
    options = {key: renamed.document(value) if renamed else value for key, value in defect.asked.items()}
    return Request(defect.to, cli_version=AZ, **options)
