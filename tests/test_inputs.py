"""What a command works on: which subscriptions a list is of."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Callable, Collection, Mapping

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_aksegress import inputs
from tests.armsim.ids import OTHER_SUBSCRIPTION, SUBSCRIPTION

HERE, ELSEWHERE = "a directory", "another directory"
UNSEEN = "33333333-3333-3333-3333-33333333abcd"
Asked = Callable[..., "list[str]"]


def account(subscription: str, name: str, directory: str = HERE, state: str = "Enabled") -> Mapping[str, str]:
    return {"id": subscription, "name": name, "tenantId": directory, "state": state}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """What a command line names, among the subscriptions that az is signed in to; the first one is today's."""

    def ask(*accounts: Mapping[str, str], named: Collection[str] | None = None, every: bool = False) -> list[str]:
        profile = SimpleNamespace(
            load_cached_subscriptions=lambda: list(accounts), get_subscription=lambda: dict(accounts[0])
        )
        monkeypatch.setattr("azure.cli.core._profile.Profile", lambda **_: profile)
        monkeypatch.setattr(
            "azure.cli.core.commands.client_factory.get_subscription_id", lambda _: dict(accounts[0])["id"]
        )
        cmd: Any = SimpleNamespace(cli_ctx=None)
        return inputs.subscriptions(cmd, named, every)

    return ask


SHOP, STOCK = account(SUBSCRIPTION, "Shop"), account(OTHER_SUBSCRIPTION, "Stock")


class TestTheSubscriptionsOfAList:
    @pytest.mark.parametrize("named", [None, []])
    def test_are_todays_where_nothing_is_said(self, asked: Asked, named: list[str] | None) -> None:
        assert asked(STOCK, SHOP, named=named) == [OTHER_SUBSCRIPTION]

    @pytest.mark.parametrize("given", [OTHER_SUBSCRIPTION, "Stock", "sTOCK"])
    def test_are_those_that_are_named_by_id_or_by_name_in_any_case(self, asked: Asked, given: str) -> None:
        assert asked(SHOP, STOCK, named=[given]) == [OTHER_SUBSCRIPTION]

    def test_are_each_asked_for_once_and_in_the_same_order(self, asked: Asked) -> None:
        assert asked(SHOP, STOCK, named=["stock", SUBSCRIPTION, "Shop", OTHER_SUBSCRIPTION]) == [
            SUBSCRIPTION,
            OTHER_SUBSCRIPTION,
        ]

    @pytest.mark.parametrize("given", [(UNSEEN,), (UNSEEN.upper(),), (UNSEEN, UNSEEN.upper())])
    def test_can_be_one_that_the_profile_does_not_know_by_id(self, asked: Asked, given: tuple[str, ...]) -> None:
        assert asked(SHOP, named=given) == [UNSEEN]

    @pytest.mark.parametrize("given", ["Nobody", "", "11111111", f"{SUBSCRIPTION}1", f"/subscriptions/{SUBSCRIPTION}"])
    def test_are_refused_where_one_has_no_such_name(self, asked: Asked, given: str) -> None:
        with pytest.raises(InvalidArgumentValueError, match="No subscription is called") as caught:
            asked(SHOP, named=["Shop", given])
        assert given in str(caught.value)
        assert "Shop" not in str(caught.value)

    def test_are_refused_where_several_have_the_name_which_are_told_by_id(self, asked: Asked) -> None:
        twin = account(OTHER_SUBSCRIPTION, "SHOP")
        with pytest.raises(InvalidArgumentValueError) as caught:
            asked(SHOP, twin, named=["Shop"])
        assert all(found in str(caught.value) for found in ("called Shop", SUBSCRIPTION, OTHER_SUBSCRIPTION))

    def test_are_never_those_whose_name_is_the_id_of_another(self, asked: Asked) -> None:
        for known in (
            (SHOP, account(OTHER_SUBSCRIPTION, SUBSCRIPTION)),
            (account(OTHER_SUBSCRIPTION, SUBSCRIPTION), SHOP),
        ):
            assert asked(*known, named=[SUBSCRIPTION]) == [SUBSCRIPTION]


class TestAllSubscriptions:
    def test_are_those_of_todays_directory(self, asked: Asked) -> None:
        elsewhere = account(UNSEEN, "Guest", directory=ELSEWHERE)
        assert asked(STOCK, elsewhere, SHOP, every=True) == [SUBSCRIPTION, OTHER_SUBSCRIPTION]

    def test_are_those_that_can_be_used(self, asked: Asked) -> None:
        assert asked(SHOP, account(OTHER_SUBSCRIPTION, "Old", state="Disabled"), every=True) == [SUBSCRIPTION]

    @pytest.mark.parametrize("state", ["Enabled", "Warned", "PastDue"])
    def test_are_also_those_that_can_only_be_read(self, asked: Asked, state: str) -> None:
        both = [SUBSCRIPTION, OTHER_SUBSCRIPTION]
        assert asked(SHOP, account(OTHER_SUBSCRIPTION, "Stock", state=state), every=True) == both
