"""What nodes say of their egress: which questions are asked, and what the replies mean, held against what was expected.
Pure."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import ip_address
from typing import Iterator, Mapping, NamedTuple, Sequence, Tuple, Union

from azext_aksegress import arm, egress, matrix, needs, nodes
from azext_aksegress.checks import FAIL, NOTE, PASS, SKIP, UNKNOWN, Check, Finding, Outcome, unknown
from azext_aksegress.cluster import Cluster, Subnet
from azext_aksegress.expected import Expected
from azext_aksegress.network import holds
from azext_aksegress.node_script import ANSWER, MOST, Question, Reply, can_ask
from azext_aksegress.nodes import Node
from azext_aksegress.snapshot import Unread, Untold

ADDRESS_SERVICES = ("https://api.ipify.org/", "https://checkip.amazonaws.com/")
"""Public services that answer with the caller's address, and with nothing else."""
WITHOUT_DNS = "https://1.1.1.1/"
"""A public service by its address: where no name is known, it still tells whether there is a way out."""
PUBLIC_NAME = "https://mcr.microsoft.com/"
"""What a firewall lets through that lets through what AKS needs: then a cluster is not isolated either."""
_BEHIND_ANOTHER = "-msedge.net"
"""How names end that stand behind others, whose certificates name those (AKS documentation,
outbound-rules-control-egress.md, 2026-07-02)."""


_NO_ANSWER = {
    5: "the proxy's name is not known",
    6: "its name is not known",
    7: "no connection",
    28: f"no answer within {ANSWER} s",
}
"""What curl's exit codes say where nothing came back (curl's manual page, "EXIT CODES")."""
_CUT_OFF = {35: "cut off at the TLS handshake", 52: "closed without an answer", 55: "cut off", 56: "cut off"}
"""Where something took the connection and ended it, as a firewall does that looks at names."""
_OTHER_CERTIFICATE = (51, 60)
_REFUSED = {
    "407": "a proxy wants a password",
    "470": "a firewall refuses it",
    "511": "a portal wants a sign-in",
}
"""Statuses of what stands on the way (RFC 9110; RFC 6585; of Azure Firewall, Azure documentation, firewall-faq)."""
_OF_A_GATEWAY = ("502", "503", "504")
"""Statuses that may be of the server, or of what stands before it."""


def _no_word(*_: object) -> None:
    """Nobody inside of the network has confirmed what Azure's settings promise."""


def _cut_off(*_: object) -> None:
    """Nodes cannot pull images, renew certificates or reach the API server, and new ones do not join."""


def _another_way(*_: object) -> None:
    """Whoever admits the cluster by its address refuses it."""


def _leaks(*_: object) -> None:
    """The cluster is not isolated: what runs in it can send data out."""


ANSWERS = Check("probe.node", "a node of each subnet answers", _no_word)
ENDPOINTS = Check("probe.endpoints", "what AKS needs answers to a node of each subnet", _cut_off)
ADDRESS = Check("probe.address", "the internet sees an expected egress IP of each subnet", _another_way)
ISOLATED = Check("probe.isolated", "nothing on the internet answers to a node of each subnet", _leaks)


class Probe(NamedTuple):
    """How nodes are to be asked: `url` is the service that tells them their address, where it is not a public one."""

    url: str | None = None


class Inquiry(NamedTuple):
    """What every asked node is asked: what AKS needs, and the services on the internet; and what nobody can ask."""

    endpoints: tuple[Question, ...]
    services: tuple[Question, ...]
    findings: tuple[Finding, ...]

    @property
    def questions(self) -> tuple[Question, ...]:
        """All of them, in the order of their numbers."""
        return (*self.endpoints, *self.services)


class Told(NamedTuple):
    """The replies of one node, in the order of the questions."""

    node: Node
    replies: tuple[Reply, ...]


Answer = Union[Told, Unread]
"""What became of the questions to a subnet."""
Pairs = Sequence[Tuple[Question, Reply]]


def wanted(cluster: Cluster) -> Iterator[str]:
    """What has to be read to ask the nodes of a cluster, as far as that is known."""
    yield needs.endpoints_id(cluster)
    with suppress(Unread):
        yield from nodes.wanted(cluster)


def inquiry(cluster: Cluster, url: str | None) -> Inquiry:
    """The questions for a cluster on its outbound type of now; `url` is the service that tells addresses, where it is
    not to be one of the public ones; raises Unread."""
    api_server = _api_server(cluster)
    asked = [Question(f"https://{api_server}:443/", directly=True, any_certificate=True)] if api_server else []
    services = (url,) if url else ADDRESS_SERVICES
    not_asked: list[Finding] = []
    if cluster.dual_stack:
        kind = UNKNOWN if cluster.outbound_type in matrix.ISOLATED else SKIP
        not_asked.append(Finding(ADDRESS, Outcome(kind, cluster.id, "only IPv4 was asked, and nodes have IPv6 too")))
    if cluster.outbound_type in matrix.ISOLATED:
        targets = dict.fromkeys((*ADDRESS_SERVICES, *services, WITHOUT_DNS, PUBLIC_NAME))
        return _inquiry(asked, [Question(target, directly=True) for target in targets], not_asked)
    unlisted = needs.not_listed(cluster)
    if unlisted:
        own = Outcome(SKIP, unlisted.id, str(unlisted)) if isinstance(unlisted, Untold) else unknown(unlisted)
        not_asked.append(Finding(ENDPOINTS, own))
    others = [flow for flow in needs.of_nodes(cluster) if flow.name != api_server]
    by_url = {f"{flow.protocol.lower()}://{flow.name}:{flow.port}/": flow for flow in others}
    named = [
        (target, flow.name or "") for target, flow in by_url.items() if flow.is_web and "*" not in (flow.name or "")
    ]
    asked += [Question(target, any_certificate=name.endswith(_BEHIND_ANOTHER)) for target, name in named]
    if not named:
        seen = "nothing of what AKS lists can be asked"
        not_asked.append(Finding(ENDPOINTS, Outcome(UNKNOWN, cluster.id, seen)))
    odd = [flow.words for flow in by_url.values() if not flow.is_web or "*" in (flow.name or "")]
    if odd:
        seen = f"HTTP cannot ask: {', '.join(odd)}"
        not_asked.append(Finding(ENDPOINTS, Outcome(SKIP, cluster.id, seen)))
    return _inquiry(asked, [Question(found, tells=True, directly=True) for found in services], not_asked)


def _api_server(cluster: Cluster) -> str | None:
    """The name by which nodes know the API server; None where they know an address, which Azure does not tell: with
    VNet integration of a public cluster (AKS documentation, api-server-vnet-integration.md, 2026-08-03)."""
    if cluster.private_cluster:
        return cluster.text("privateFQDN") or cluster.text("fqdn")
    return None if cluster.private_api_server else cluster.text("fqdn")


def _inquiry(endpoints: Sequence[Question], services: Sequence[Question], not_asked: Sequence[Finding]) -> Inquiry:
    """As many questions as fit; what does not fit is unknown, and so is a name that no script may hold."""
    most = MOST - len(services)
    good = [row for row in endpoints if can_ask(row.url)]
    left = [*good[most:], *(row for row in endpoints if row not in good)]
    more = [Finding(ENDPOINTS, Outcome(UNKNOWN, None, f"{_host(row)} was not asked")) for row in left]
    return Inquiry(tuple(good[:most]), tuple(services), (*not_asked, *more))


def findings(cluster: Cluster, awaited: Expected, asked: Inquiry, answers: Mapping[str, Answer]) -> tuple[Finding, ...]:
    """What the answers mean, by the lower-case id of the subnet; raises Unread where the type of now is not known."""
    order = (ANSWERS, ENDPOINTS, ADDRESS, ISOLATED)
    found = [*_findings(cluster, awaited, asked, answers), *asked.findings]
    return tuple(sorted(found, key=lambda row: order.index(row.check)))


def _findings(cluster: Cluster, awaited: Expected, asked: Inquiry, answers: Mapping[str, Answer]) -> Iterator[Finding]:
    isolated = cluster.outbound_type in matrix.ISOLATED
    try:
        cluster.snapshot.collection(cluster.in_node_group(nodes.INTERFACES))
    except Unread as unread:  # there may be nodes on subnets that nothing else names
        yield Finding(ANSWERS, unknown(unread))
    for subnet in cluster.subnets:
        answer = answers.get(subnet.id.lower()) or Untold(subnet.id, "nobody was asked")
        if isinstance(answer, Unread):
            kind = SKIP if isinstance(answer, Untold) and _is_delegated(cluster, subnet) else UNKNOWN
            why = "no subnet of nodes" if kind == SKIP else str(answer).partition(f"{subnet.name}: ")[2] or str(answer)
            yield Finding(ANSWERS, Outcome(kind, subnet.id, f"{subnet.name}: {why}"))
            continue
        number = len(asked.endpoints)
        needed = list(zip(asked.endpoints, answer.replies[:number]))
        others = list(zip(asked.services, answer.replies[number:]))
        yield Finding(ANSWERS, Outcome(PASS, subnet.id, f"{answer.node.name} on {subnet.name}"))
        if needed:
            yield Finding(ENDPOINTS, _reached(subnet, answer.node, needed))
        if isolated:
            yield Finding(ISOLATED, _not_reached(cluster, subnet, answer.node, others))
        else:
            yield Finding(ADDRESS, _seen(cluster, subnet, answer.node, others, awaited))


def _is_delegated(cluster: Cluster, subnet: Subnet) -> bool:
    """Whether a subnet of AKS's own network belongs to a service, as that of the API server, and not to a pool."""
    try:
        delegations = arm.objects(cluster.snapshot.resource(subnet.id), "properties", "delegations")
        return bool(delegations) and not cluster.byo_subnets
    except Unread:
        return False


def _reached(subnet: Subnet, node: Node, pairs: Pairs) -> Outcome:
    """Whether all that AKS needs answers, with whatever HTTP status of its own. A name whose certificate is not trusted
    may be odd by itself; where none of them is trusted, something stands before all of them."""
    silent = [f"{_host(asked)} ({_why(reply)})" for asked, reply in pairs if _why(reply)]
    odd = [_host(asked) for asked, reply in pairs if _is_untrusted(reply)]
    unclear = [f"{_host(asked)} ({_unclear(reply)})" for asked, reply in pairs if _unclear(reply)]
    trusted = [reply for asked, reply in pairs if _is_answer(reply) and not asked.any_certificate]
    whom, expected = f"{node.name} on {subnet.name}", f"all {len(pairs)} answer"
    if silent:
        return Outcome(FAIL, subnet.id, f"{whom}: {_some(silent)}", expected=expected)
    if odd and not trusted:
        seen = f"{whom}: the certificate of no name is trusted, as where TLS is broken up on the way: {_some(odd)}"
        return Outcome(FAIL, subnet.id, seen, expected=expected)
    if unclear:
        return Outcome(UNKNOWN, subnet.id, f"{whom}: {_some(unclear)}", expected=expected)
    if odd:
        return Outcome(NOTE, subnet.id, f"{whom}: all answer, but not with a certificate of their own: {_some(odd)}")
    return Outcome(PASS, subnet.id, f"{whom}: {len(pairs)} of {len(pairs)} answer")


def _not_reached(cluster: Cluster, subnet: Subnet, node: Node, pairs: Pairs) -> Outcome:
    """Whether nothing on the internet answers; a connection that something cuts off is no answer of the internet. Where
    Azure's settings lead out all the same, silence proves little."""
    answered = [f"{_host(asked)} (HTTP {reply.said})" for asked, reply in pairs if _is_http(reply)]
    unclear = [
        f"{_host(asked)} ({_unclear(reply) or 'a certificate of its own'})"
        for asked, reply in pairs
        if not _is_http(reply) and not _why(reply)
    ]
    whom = f"{node.name} on {subnet.name}"
    if answered:
        return Outcome(FAIL, subnet.id, f"{whom} is answered by {_some(answered)}", expected="no answer")
    if unclear or not pairs:
        return Outcome(UNKNOWN, subnet.id, f"{whom}: {_some(unclear)}", expected="no answer")
    seen = f"{whom} has no answer from {_some([_host(asked) for asked, _ in pairs])}"
    path = egress.effective_path(cluster, subnet)
    if path != egress.NO_PATH:
        return Outcome(NOTE, subnet.id, f"{seen}; but by Azure's settings egress goes out by {path}")
    return Outcome(PASS, subnet.id, seen)


def _seen(cluster: Cluster, subnet: Subnet, node: Node, pairs: Pairs, awaited: Expected) -> Outcome:
    """Whether the address that the internet sees is one of those that carry the subnet's egress by Azure's settings,
    which the other findings hold against the record; where Azure cannot tell those, that it is not the old one."""
    whom = f"{node.name} on {subnet.name}"
    seen = [found for found in (_address(reply) for _, reply in pairs) if found]
    if not seen:
        why = _some([f"{_host(asked)} ({_no_address(reply)})" for asked, reply in pairs])
        words = f"{whom}: no service told the address: {why}; name one that the egress lets through with --probe-url"
        return Outcome(UNKNOWN, subnet.id, words)
    observed = f"{whom}: {', '.join(dict.fromkeys(seen))}"
    expected = egress.of_subnet(cluster, subnet)
    odd = [found for found in seen if not any(holds(known, found) for known in expected.known)]
    words = ", ".join([*expected.known, *dict.fromkeys(unread.reason for unread in expected.unknown)]) or "none"
    if not odd:
        return Outcome(PASS, subnet.id, observed, expected=words)
    left = [known for known in awaited.before.known if known not in awaited.after.known]
    if any(holds(known, found) for known in left for found in odd) or expected.complete:
        return Outcome(FAIL, subnet.id, observed, expected=words)
    nobodys = not expected.known and all(isinstance(unread, Untold) for unread in expected.unknown)
    seen_by_azure = f"{observed}; Azure does not tell whether it is the right one"
    return Outcome(NOTE if nobodys else UNKNOWN, subnet.id, seen_by_azure, expected=words)


def _address(reply: Reply) -> str | None:
    """The address that a service told."""
    try:
        return str(ip_address(reply.said)) if reply.status == 0 else None
    except ValueError:
        return None


def _no_address(reply: Reply) -> str:
    """Why a service told no address, in words."""
    curls_own = {0: "no address in its answer", 22: "it refuses", 63: "no address in its answer"}
    return curls_own.get(reply.status) or _why(reply) or _unclear(reply) or "a certificate of its own"


def _is_http(reply: Reply) -> bool:
    """Whether anybody answered by HTTP; curl writes 000 where nobody did."""
    return len(reply.said) == 3 and reply.said.isdigit() and reply.said >= "100"


def _is_answer(reply: Reply) -> bool:
    """Whether that was the server."""
    return _is_http(reply) and reply.said not in (*_REFUSED, *_OF_A_GATEWAY)


def _is_untrusted(reply: Reply) -> bool:
    return reply.status in _OTHER_CERTIFICATE and not _is_http(reply)


def _why(reply: Reply) -> str | None:
    """Why there was no answer, in words; None where there was one, or it is not clear."""
    if _is_http(reply):
        return _REFUSED.get(reply.said)
    return {**_NO_ANSWER, **_CUT_OFF}.get(reply.status)


def _unclear(reply: Reply) -> str | None:
    """What tells nothing of the server: how curl ended, or a status of something before it; None where it does."""
    if reply.said in _OF_A_GATEWAY:
        return f"HTTP {reply.said}"
    known = _is_http(reply) or _why(reply) or reply.status in _OTHER_CERTIFICATE
    return None if known else f"curl ended with {reply.status}"


def _host(asked: Question) -> str:
    return asked.url.partition("://")[2].strip("/")


def _some(words: Sequence[str], most: int = 4) -> str:
    """A list that stays readable."""
    rest = f", and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(words[:most]) + rest
