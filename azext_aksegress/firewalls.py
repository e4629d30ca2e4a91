"""Azure Firewall policies: what their rules let through, parents included."""

from __future__ import annotations
