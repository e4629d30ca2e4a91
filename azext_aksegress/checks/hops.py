"""EGR204, EGR209 and EGR210: does the next hop carry what nodes send?"""

from __future__ import annotations
