"""EGR303, EGR306, EGR307 and EGR308: who else depends on today's addresses, networks and templates?"""

from __future__ import annotations
