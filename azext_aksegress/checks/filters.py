"""EGR231, EGR232 and EGR305: do security groups, DNS servers and proxies leave the way open?"""

from __future__ import annotations
