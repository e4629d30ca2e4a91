"""EGR107, EGR108 and EGR112: is now the moment?"""

from __future__ import annotations
