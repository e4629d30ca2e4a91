"""EGR245 and EGR247: do isolated nodes reach their registries?"""

from __future__ import annotations
