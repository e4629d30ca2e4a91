"""The catalogue of checks as data: id, outbound types, what it can say, and its marks. Ids are forever.

F fails, W warns, N notes; `w?` where what cannot be read only warns though it may fail; A where it can be accepted.
"""

from __future__ import annotations

from dataclasses import dataclass

from azext_aksegress import matrix

_SHORT = {
    "LB": (matrix.LOAD_BALANCER,),
    "mNAT": (matrix.MANAGED_NAT_GATEWAY,),
    "uaNAT": (matrix.USER_ASSIGNED_NAT_GATEWAY,),
    "UDR": (matrix.USER_DEFINED_ROUTING,),
    "none": (matrix.NONE,),
    "block": (matrix.BLOCK,),
    "iso": (matrix.NONE, matrix.BLOCK),
    "all": matrix.OUTBOUND_TYPES,
}
_ROWS = """
EGR101 all               FW
EGR102 all               W
EGR103 all               FW
EGR104 all               F
EGR105 all               FW
EGR106 block             FW  w?
EGR107 all               FW
EGR108 all               F
EGR109 mNAT,iso          F
EGR110 all               FW
EGR111 mNAT              F
EGR112 all               FW  w?
EGR113 all               F
EGR201 UDR               F
EGR202 UDR               FW
EGR203 UDR               FW
EGR204 UDR               W
EGR205 UDR               W
EGR206 UDR               F
EGR207 UDR,none,uaNAT,mNAT,LB FW
EGR208 UDR               W
EGR209 UDR               FW  w?
EGR210 UDR               F   w?
EGR211 uaNAT             F
EGR212 uaNAT             F
EGR213 uaNAT             FW
EGR214 uaNAT,mNAT        W
EGR215 uaNAT,mNAT        FW
EGR221 LB,iso            W
EGR222 LB,iso            W
EGR223 LB                F
EGR224 LB,mNAT           FW
EGR225 all               W
EGR231 LB,mNAT,uaNAT,UDR W
EGR232 UDR,iso           FW
EGR233 all               W
EGR234 UDR,uaNAT,mNAT    W
EGR241 iso               F
EGR242 iso               F
EGR243 iso               W   A
EGR244 iso               F
EGR245 iso               W   w?
EGR246 iso               W
EGR247 iso               W   w?
EGR301 all               FW  A
EGR302 all               N
EGR303 LB,mNAT           FW
EGR304 all               N
EGR305 all               W
EGR306 all               W   w?
EGR307 UDR,uaNAT,LB      W
EGR308 all               NW
EGR401 LB,mNAT           F   w?
EGR402 all               FW
EGR403 LB,mNAT           F
EGR404 all               W
EGR501 all               F   w?
EGR502 LB,mNAT           W   w?
EGR503 all               FW  w?
EGR504 UDR,uaNAT,LB      W   w?
EGR601 all               W   A
EGR602 all               W
EGR603 all               W
EGR604 mNAT              W   A
"""


@dataclass(frozen=True)
class Row:
    """One row of the catalogue."""

    id: str
    targets: frozenset[str]
    outcomes: str
    acceptable: bool
    leaves_open: bool
    """Whether the verdict is left open where it cannot be judged."""


def _row(line: str) -> Row:
    check_id, targets, outcomes, *marks = line.split()
    types = frozenset(found for short in targets.split(",") for found in _SHORT[short])
    return Row(check_id, types, outcomes, "A" in marks, "F" in outcomes and "w?" not in marks)


CATALOGUE = {row.id: row for row in map(_row, _ROWS.strip().splitlines())}

NEVER_UNKNOWN = {
    "EGR105": "the version of az is always known, or there is no az",
    "EGR302": "a note, which says in words what is not known",
    "EGR304": "a note, which depends on nothing",
    "EGR308": "judged on the cluster's own tags, which may be absent",
    "EGR403": "judged on the request alone",
    "EGR603": "judged on the cluster alone, whose profiles may be absent",
}
"""The checks that are judged on what is always known, and why."""
