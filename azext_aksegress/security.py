"""Network security groups: which rule decides about an outbound flow, as Azure evaluates them."""

from __future__ import annotations
