"""EGR5xx: may I?"""

from __future__ import annotations
