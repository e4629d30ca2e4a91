from __future__ import annotations

import pytest
from azure.core.exceptions import ServiceRequestError

from azext_aksegress import expected as of_record
from azext_aksegress import follow, plan, proof
from azext_aksegress.request import Request
from tests.builders import Shop

UDR = "userDefinedRouting"


class TestAClusterThatIsWrittenAgain:
    def run(self, *states: str) -> tuple[list[str], dict[str, str]]:
        """What is said, and the outcomes, of a cluster that is in one state after the other when it is read."""
        shop, phases, left = Shop.byo(UDR), [], list(states)

        class Changing:
            def read(self, request: Request) -> object:
                shop.set(provisioningState=left.pop(0) if left else states[-1])
                return shop.snapshot(request)

            def read_cluster(self, _: str) -> object:
                shop.set(provisioningState=left.pop(0) if left else states[-1])
                return shop.document

        findings, *_ = proof.prove(Changing(), of_record.of(Shop.byo().routed().report(UDR)), phases.append)
        return phases, {row.id: row.outcome for row in findings}

    @pytest.mark.usefixtures("no_waiting")
    def test_is_read_once_it_stands_still(self) -> None:
        _, seen = self.run("Updating", "Updating", "Succeeded", "Succeeded")
        assert seen["verify.state"] == "pass"

    def test_that_never_stands_still_is_judged_as_it_is(self, no_waiting: list[float]) -> None:
        _, seen = self.run("Updating")
        assert seen["verify.state"] == "fail"
        assert sum(no_waiting) == pytest.approx(follow.STANDSTILL_TIMEOUT, abs=2 * follow.POLL)


class TestInterrupted:
    def test_the_proof_says_that_the_updates_are_made(self) -> None:
        class Interrupted:
            def read(self, _: Request) -> object:
                raise KeyboardInterrupt

        made = plan.make(Shop.byo().routed().report(UDR), ())
        with pytest.raises(KeyboardInterrupt, match="not verified yet"):
            proof.after_apply(Interrupted(), made, lambda _: None)


def test_what_cannot_be_read_is_told_where_nothing_was_written() -> None:
    class Unreadable:
        def read(self, _: Request) -> object:
            raise ServiceRequestError("connection refused")

    with pytest.raises(ServiceRequestError):
        proof.prove(Unreadable(), of_record.of(Shop.byo().routed().report(UDR)), lambda _: None)
