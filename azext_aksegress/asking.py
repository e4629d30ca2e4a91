"""Asks nodes themselves: one of each subnet, through Compute's run command, which needs no way into the cluster.

The agent on a virtual machine takes the command from the host that it runs on, so it answers where the tunnel to the
nodes, or scheduling, is what broke (Azure documentation, run-command-overview). The script only asks: `node_script`.
"""

from __future__ import annotations

import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from typing import Any, Callable, Mapping, Sequence

from azure.core.exceptions import AzureError, HttpResponseError

from azext_aksegress import answers, arm, follow, node_script, nodes, resources, strictjson
from azext_aksegress.arm import Json
from azext_aksegress.azure import Azure
from azext_aksegress.cluster import Cluster, Subnet
from azext_aksegress.follow import Tell
from azext_aksegress.nodes import Node
from azext_aksegress.probe import Answer, Inquiry, Told
from azext_aksegress.resources import ArmReader
from azext_aksegress.snapshot import Unread, masked
from azext_aksegress.wire import PARALLEL_READS

ACTION = "runCommand"
TIMEOUT = 300
"""Seconds until a node counts as one that does not answer, and ANSWER more for each question on Windows, where they are
asked one by one; a command takes some 20 seconds at least (Azure documentation, run-command, "Restrictions")."""
POLL, SHORTEST_POLL, LONGEST_POLL = 5, 1, 15
"""Seconds between looks, where Azure does not say how long, and at least and at most."""
TRIES = 3
"""Nodes of one subnet that are tried, where one cannot run a command right now."""
PHASE = "asking a node of each subnet"
_GONE_OR_BUSY = (404, 409)
"""A node that is gone, does not run or runs another command."""


class _Stopped(Exception):
    """Nobody waits for the answer any more."""


def ask(azure: Azure, cluster: Cluster, asked: Inquiry, tell: Tell) -> Mapping[str, Answer]:
    """The answer of each subnet of a cluster, by its lower-case id; a node that does not answer is Unread."""
    reader, stopped = azure.runner(ACTION), threading.Event()
    with ThreadPoolExecutor(PARALLEL_READS) as pool:
        jobs = {
            subnet.id.lower(): pool.submit(_ask_one, reader, cluster, subnet, asked, stopped)
            for subnet in cluster.subnets
        }
        try:
            while not all(job.done() for job in jobs.values()):
                tell(PHASE)
                wait(jobs.values(), timeout=1)
        finally:
            stopped.set()
    return {subnet_id: job.result() for subnet_id, job in jobs.items()}


def _ask_one(reader: ArmReader, cluster: Cluster, subnet: Subnet, asked: Inquiry, stopped: threading.Event) -> Answer:
    """What the first node of a subnet says that can run a command; why none does, where that is so."""
    answer: Answer = Unread(subnet.id, nodes.NOBODY)
    try:
        candidates = _spread(nodes.on(cluster, subnet))
    except Unread as unread:
        return unread
    for node in candidates:
        answer = _ask_node(partial(_run, reader, stopped), cluster, subnet, node, asked)
        if not isinstance(answer, _NotNow):
            break
    return answer


class _NotNow(Unread):
    """A node that cannot run a command now, where another one may."""


def _spread(found: Sequence[Node]) -> Sequence[Node]:
    """So many nodes as are tried, from all over the list: those that were stopped together stand together."""
    last = len(found) - 1
    return [found[index] for index in sorted({last * number // (TRIES - 1) for number in range(TRIES)})]


def _ask_node(run: Callable[..., str], cluster: Cluster, subnet: Subnet, node: Node, asked: Inquiry) -> Answer:
    nonce = secrets.token_hex(4)
    body = node_script.body(node.os, asked.questions, bool(cluster.http_proxies), nonce)
    try:
        output = run(node, body, _patience(node, len(asked.questions)))
        found = node_script.replies(output, len(asked.questions), nonce)
    except _NotNow as unread:
        return _NotNow(subnet.id, f"{node.name}: {unread.reason}")
    except Unread as unread:
        return Unread(subnet.id, f"{node.name}: {unread.reason}", unread.permission)
    except HttpResponseError as error:
        return _refused(cluster, subnet, node, error)
    except (AzureError, ValueError) as error:
        return Unread(subnet.id, f"{node.name}: {answers.unread(node.id, error).reason}")
    if found is None:
        return _NotNow(subnet.id, f"{node.name}: its answer is not whole")
    return Told(node, tuple(reply for _, reply in sorted(found.items())))


def _patience(node: Node, questions: int) -> float:
    return TIMEOUT + (node_script.ANSWER * questions if node.os == nodes.WINDOWS else 0)


def _refused(cluster: Cluster, subnet: Subnet, node: Node, error: HttpResponseError) -> Unread:
    """Why Azure does not run a command on a node."""
    if error.status_code in _GONE_OR_BUSY:
        return _NotNow(subnet.id, f"{node.name}: {resources.said(error).rstrip('.')}")
    found = answers.unread(node.id, error, f"{ACTION}/action")
    if found.permission and cluster.node_group_is_locked_down:
        locked = "the node resource group is locked down (restrictionLevel ReadOnly), so nobody may run a command there"
        return Unread(subnet.id, locked)
    return Unread(subnet.id, f"{node.name}: {found.reason}", found.permission)


def _run(reader: ArmReader, stopped: threading.Event, node: Node, body: Json, patience: float) -> str:
    """The output of a command on a node; raises AzureError, ValueError and Unread."""

    def alive(_: str) -> None:
        if stopped.is_set():
            raise _Stopped

    deadline = time.monotonic() + patience
    with resources.signed_in():
        accepted = reader.act(node.id, ACTION, body)
        found = _output(accepted)
        for header in ("Azure-AsyncOperation", "Location"):  # the operation may bring the output along, or not
            response, url = accepted, accepted.headers.get(header)
            while url and not found and (response is accepted or _goes_on(node, response)):
                if time.monotonic() > deadline:
                    raise Unread(node.id, f"no answer within {patience:.0f} s")
                pause = resources.pause(response) or POLL
                follow.wait(min(max(pause, SHORTEST_POLL), LONGEST_POLL), alive, PHASE)
                response = reader.look(url)
                found = _output(response)
    if not found:
        raise _NotNow(node.id, "Azure says nothing of what it answered")
    return node_script.output(found)


def _output(response: Any) -> Json | None:
    """What a command brought back, where it has ended: the result itself, or an operation with its output."""
    found = _document(response)
    output = arm.dig(found, "properties", "output") or found
    return output if arm.objects(output, "value") else None


def _goes_on(node: Node, response: Any) -> bool:
    """Whether a command runs on; raises Unread where it failed."""
    status = (arm.text(_document(response), "status") or "").lower()
    if status in ("failed", "canceled"):
        code, message = (arm.text(_document(response), "error", key) for key in ("code", "message"))
        raise _NotNow(node.id, masked(f"the command {status}: ({code}) {(message or '').rstrip('.')}"))
    return bool(response.status_code == 202 or status not in ("", "succeeded"))


def _document(response: Any) -> Any:
    """The JSON of an answer; None where there is none, as while a command runs."""
    try:
        return strictjson.loads(response.content)
    except ValueError:
        return None
