"""Asks nodes themselves: one of each subnet, through Compute's run command, which needs no way into the cluster.

The agent on a virtual machine takes the command from the host that it runs on, so it answers where the tunnel to the
nodes, or scheduling, is what broke (Azure documentation, run-command-overview). The script only asks: `node_script`.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, Mapping

from azure.core.exceptions import AzureError, HttpResponseError

from azext_aksegress import arm, follow, node_script, nodes, resources, strictjson
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
"""Seconds until a node counts as one that does not answer; a command takes some 20 seconds at least (Azure
documentation, run-command, "Restrictions"), and the questions 20 more, or on Windows up to 10 for each."""
POLL, LONGEST_POLL = 5, 15
"""Seconds between looks, where Azure does not say how long, and at most."""
TRIES = 3
"""Nodes of one subnet that are tried, where one cannot run a command right now."""
PHASE = "asking a node of each subnet"
_ANOTHER_MAY = (404, 409)
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
    """What the first node of a subnet says that can run a command."""
    answer: Answer = Unread(subnet.id, "no node on it can be asked")
    try:
        for node in nodes.on(cluster, subnet)[:TRIES]:
            body = node_script.body(node.os, asked.questions, bool(cluster.http_proxies))
            try:
                return _told(node, _run(reader, node, body, stopped), len(asked.questions))
            except HttpResponseError as error:
                answer = _unread(node, error)
                if error.status_code not in _ANOTHER_MAY:
                    break
    except Unread as unread:
        return unread
    except (AzureError, ValueError) as error:
        return _unread(node, error)
    return answer


def _unread(node: Node, error: Exception) -> Unread:
    if isinstance(error, HttpResponseError) and error.status_code in _ANOTHER_MAY:
        return Unread(node.id, resources.said(error))
    return resources.unread(node.id, error, f"{ACTION}/action")


def _told(node: Node, output: str, number: int) -> Answer:
    found = node_script.replies(output, number)
    if found is None:
        return Unread(node.id, "the node's answer is not whole")
    return Told(node, tuple(reply for _, reply in sorted(found.items())))


def _run(reader: ArmReader, node: Node, body: Json, stopped: threading.Event) -> str:
    """The output of a command on a node; raises AzureError, ValueError and Unread."""

    def alive(_: str) -> None:
        if stopped.is_set():
            raise _Stopped

    deadline = time.monotonic() + TIMEOUT
    with resources.signed_in():
        accepted = reader.act(node.id, ACTION, body)
        found = _output(accepted)
        for header in ("Azure-AsyncOperation", "Location"):  # the operation may bring the output along, or not
            response, url = accepted, accepted.headers.get(header)
            while url and not found and (response is accepted or _goes_on(node, response)):
                if time.monotonic() > deadline:
                    raise Unread(node.id, f"no answer within {TIMEOUT} s")
                follow.wait(min(resources.pause(response) or POLL, LONGEST_POLL), alive, PHASE)
                response = reader.look(url)
                found = _output(response)
    if not found:
        raise Unread(node.id, "Azure says nothing of what the node answered")
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
        raise Unread(node.id, masked(f"the command {status}: ({code}) {message}"))
    return bool(response.status_code == 202 or status not in ("", "succeeded"))


def _document(response: Any) -> Any:
    """The JSON of an answer; None where there is none, as while a command runs."""
    try:
        return strictjson.loads(response.content)
    except ValueError:
        return None
