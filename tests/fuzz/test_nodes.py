"""Whatever a node prints, and whatever Azure brings back of it: no exception, and no green that nobody has said."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from azext_aksegress import asking, node_script
from azext_aksegress.network import holds
from azext_aksegress.node_script import Reply
from azext_aksegress.nodes import LINUX, Node
from azext_aksegress.snapshot import Unread
from tests.armsim.estate import isolated
from tests.builders import Shop
from tests.fuzz.mutations import often
from tests.nodes import Nodes

NONCE, NUMBER = "0a1b2c3d", 4
WHOLE = [
    f"aksegress begin {NONCE}",
    *(f"aksegress {row} 0 200" for row in range(1, NUMBER + 1)),
    f"aksegress end {NONCE}",
]
OPEN, CLOSED = Nodes(Shop.byo("userAssignedNATGateway")), Nodes(Shop.byo("none", **isolated()))
NODE = Node("/subscriptions/1/x", "aks-1", LINUX, is_whole=True)

lines = st.one_of(st.sampled_from(WHOLE), st.from_regex(r"aksegress \d{1,4} \d{1,4} ?[0-9.]*"), st.text(max_size=40))
said = st.one_of(
    st.sampled_from(["", "000", "200", "470", "503", "52.0.0.2", "10.0.0.1"]), st.from_regex(r"\A[0-9.]{0,15}\Z")
)
replies = st.builds(Reply, st.sampled_from([0, 2, 6, 7, 22, 28, 35, 52, 56, 60, 63, 127]) | st.integers(0, 999), said)
documents = st.recursive(
    st.none() | st.booleans() | st.text(max_size=20) | st.sampled_from(["Succeeded", "Failed", "InProgress"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["status", "value", "message", "properties", "output", "error", "code"]), inner
        )
    ),
    max_leaves=12,
)


@often(300)
@given(st.lists(lines, max_size=12))
def test_what_a_node_prints_is_each_answer_once_or_none(printed: list[str]) -> None:
    found = node_script.replies("\n".join(printed), NUMBER, NONCE)
    assert found is None or sorted(found) == list(range(1, NUMBER + 1))
    assert found is None or {WHOLE[0], WHOLE[-1]} <= {line.strip() for line in "\n".join(printed).split("\n")}


@often(100)
@given(st.permutations(WHOLE), st.sets(st.integers(0, len(WHOLE) - 1), min_size=1))
def test_what_lost_a_line_is_none(printed: list[str], lost: set[int]) -> None:
    assert node_script.replies("\n".join(printed), NUMBER, NONCE)
    kept = [line for number, line in enumerate(printed) if number not in lost]
    assert node_script.replies("\n".join(kept), NUMBER, NONCE) is None


@often(300)
@given(documents, st.sampled_from([200, 202]))
def test_what_azure_brings_back_is_an_output_an_end_or_more_waiting(document: Any, status: int) -> None:
    response = SimpleNamespace(content=json.dumps(document).encode(), status_code=status)
    try:
        found = asking._output(response)
        assert isinstance(asking._goes_on(NODE, response), bool)
    except Unread as unread:
        assert "the command" in str(unread)
        return
    assert found is None or isinstance(node_script.output(found), str)


@often(100)
@given(st.data())
def test_an_address_is_green_only_where_it_is_one_of_the_subnet_s(data: st.DataObject) -> None:
    heard = _hear(OPEN, data)
    for row in OPEN.findings():
        if (row.id, row.outcome) == ("probe.address", "pass"):
            told = [
                reply.said for reply, asked in zip(heard, OPEN.asked.questions) if asked.tells and reply.status == 0
            ]
            assert any(holds("52.0.0.2", address) for address in told)


@often(200)
@given(st.data())
def test_isolation_is_green_only_where_nothing_answered(data: st.DataObject) -> None:
    heard = _hear(CLOSED, data)
    services = heard[len(CLOSED.asked.endpoints) :]
    for row in CLOSED.findings():
        if (row.id, row.outcome) == ("probe.isolated", "pass"):
            assert all(
                reply.said in ("", "000") or not reply.said.isdigit() or len(reply.said) != 3 for reply in services
            )
            assert all(reply.status in (5, 6, 7, 28, 35, 52, 55, 56) for reply in services)


def _hear(nodes: Nodes, data: st.DataObject) -> list[Reply]:
    """What each host says, by its name."""
    heard = [data.draw(replies) for _ in nodes.asked.questions]
    nodes.others = {row.url.split("/")[2].partition(":")[0]: reply for row, reply in zip(nodes.asked.questions, heard)}
    return heard
