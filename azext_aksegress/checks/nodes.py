"""EGR207, EGR208, EGR225, EGR233 and EGR234: do the nodes, and what AKS made for them, fit the new path?"""

from __future__ import annotations
