"""A saved plan in a real az: applied as it is, refused when what was judged has changed, and never half read."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any, Callable, Sequence

import pytest

from tests.armsim.arm import Arm
from tests.armsim.cli import Az, Result
from tests.armsim.estate import OTHER_SUBSCRIPTION, SUBSCRIPTION, cluster_id, node_group
from tests.armsim.faults import Before
from tests.armsim.terminal import on_a_terminal
from tests.builders import Shop

CLUSTER = ("-g", "rg-shop", "-n", "aks-shop")
LB, MNAT, UANAT, UDR = "loadBalancer", "managedNATGateway", "userAssignedNATGateway", "userDefinedRouting"
HOP = "nextHopIpAddress"
Serve = Callable[[Shop], Arm]


def migrate(az: Az, *words: str) -> Result:
    return az("aks", "egress", "migrate", *words)


def save(az: Az, folder: Path, *words: str, to: str = UANAT) -> str:
    """The file of a plan."""
    file = str(folder / "plan.json")
    result = migrate(az, *CLUSTER, "--to", to, "--dry-run", "--out", file, *words)
    assert result.code == 0, result.err
    return file


def ready() -> Shop:
    """A cluster that may move to a NAT gateway; its pool `apps` scales by itself, and its table has one route."""
    shop = Shop.byo().gated().table("snet-apps").pool("apps", enableAutoScaling=True, minCount=1, maxCount=5)
    properties = {"addressPrefix": "10.9.0.0/16", "nextHopType": "VirtualAppliance", HOP: "10.240.9.4"}
    table = shop.table_id("snet-apps")
    route = {"id": f"{table}/routes/to-office", "name": "to-office", "properties": properties}
    shop.estate[table]["properties"]["routes"] = [route]
    return shop


def stored_type(shop: Shop) -> str:
    found: str = shop.document["properties"]["networkProfile"]["outboundType"]
    return found


def refused(az: Az, file: str, arm: Arm, *words: str) -> str:
    """What is said of a plan that is not applied: one sentence and a cure on stderr, and nothing was sent."""
    result = migrate(az, "--plan", file, "--yes", *words)
    assert (result.code, result.out) == (1, ""), result.err
    assert "Traceback" not in result.err
    assert arm.writes == []
    return result.err


class TestAWholePlan:
    def test_is_applied_as_it_was_made_without_naming_the_cluster(
        self, each_az: Az, serve: Serve, tmp_path: Path
    ) -> None:
        shop = ready()
        arm = serve(shop)
        file = save(each_az, tmp_path)
        assert arm.writes == []
        plan = json.loads(Path(file).read_text())
        result = migrate(each_az, "--plan", file, "--yes")
        assert (result.code, result.json["outcome"], stored_type(shop)) == (0, "applied", UANAT), result.err
        assert result.json["plan"] == plan["plan"]
        assert [request.headers["If-Match"] for request in arm.writes] == [plan["eTag"]]
        assert json.loads(Path(result.json["record"]).read_text())["plan"] == plan["plan"]

    def test_has_the_options_and_what_was_accepted(self, az: Az, serve: Serve, tmp_path: Path) -> None:
        arm = serve(Shop.managed())
        options = ("--nat-gateway-idle-timeout", "9", "--accept", "EGR604")
        file = save(az, tmp_path, *options, to=MNAT)
        result = migrate(az, "--plan", file, "--yes")
        assert (result.code, result.json["plan"]["accepted"]) == (0, ["EGR604"]), result.err
        assert arm.writes[0].body["properties"]["networkProfile"]["natGatewayProfile"]["idleTimeoutInMinutes"] == 9

    def test_is_shown_and_confirmed_on_a_terminal(self, az: Az, serve: Serve, tmp_path: Path) -> None:
        arm = serve(ready())
        file = save(az, tmp_path)
        words = ("aks", "egress", "migrate", "--plan", file)
        declined = on_a_terminal(az, *words, answer="n")
        assert (declined.code, arm.writes) == (1, [])
        assert f"Move aks-shop ({LB} -> {UANAT})?" in declined.out
        assert on_a_terminal(az, *words, answer="y").code == 0
        assert len(arm.writes) == 1

    def test_asks_for_the_name_at_a_one_way_door(self, az: Az, serve: Serve, tmp_path: Path) -> None:
        arm = serve(Shop.managed())
        file = save(az, tmp_path, "--nat-gateway-sku", "StandardV2", "--accept", "EGR601", to=MNAT)
        words = ("aks", "egress", "migrate", "--plan", file)
        assert on_a_terminal(az, *words, answer="y", prompt="to go on:").code == 1
        assert arm.writes == []
        assert on_a_terminal(az, *words, answer="aks-shop", prompt="to go on:").code == 0

    def test_is_not_waited_for_where_nobody_wants_to(self, az: Az, serve: Serve, tmp_path: Path) -> None:
        serve(ready())
        result = migrate(az, "--plan", save(az, tmp_path), "--yes", "--no-wait")
        assert (result.code, result.json["outcome"]) == (0, "started")

    def test_can_be_looked_at_without_a_write(self, az: Az, serve: Serve, tmp_path: Path) -> None:
        shop = ready()
        arm = serve(shop)
        file = save(az, tmp_path)
        looked = migrate(az, "--plan", file, "--dry-run")
        assert (looked.code, looked.json["outcome"]) == (0, "planned")
        shop.document["eTag"] = "another"
        assert migrate(az, "--plan", file, "--dry-run").code == 1
        assert arm.writes == []

    def test_with_nothing_to_do_runs_through(self, az: Az, serve: Serve, tmp_path: Path) -> None:
        shop = Shop.byo(UDR)
        arm = serve(shop)
        file = save(az, tmp_path, to=UDR)
        assert json.loads(Path(file).read_text())["plan"] is None
        result = migrate(az, "--plan", file, "--yes")
        assert (result.code, result.json["outcome"], arm.writes) == (0, "nothingToDo", [])
        shop.document["tags"] = {"cost": "42"}
        assert "tags: not set -> {cost: 42}" in refused(az, file, arm)

    def test_is_read_however_a_shell_or_an_editor_encodes_it(self, az: Az, serve: Serve, tmp_path: Path) -> None:
        serve(ready())
        file = Path(save(az, tmp_path))
        file.write_text(file.read_text(), encoding="utf-16")
        assert migrate(az, "--plan", str(file), "--dry-run").code == 0


def _tag(shop: Shop) -> None:
    shop.document["tags"] = {"cost": "42"}
    shop.document["eTag"] = "another"


def _route(shop: Shop) -> None:
    shop.estate[shop.table_id("snet-apps")]["properties"]["routes"][0]["properties"][HOP] = "10.240.9.5"


def _new_route(shop: Shop) -> None:
    routes = shop.estate[shop.table_id("snet-apps")]["properties"]["routes"]
    properties = {"addressPrefix": "10.8.0.0/16", "nextHopType": "None"}
    routes.insert(0, {"id": f"{routes[0]['id']}-new", "name": "to-office-new", "properties": properties})


def _gateway(shop: Shop) -> None:
    other = shop.estate.nat_gateway("nat-other", [shop.estate.public_ip("pip-other", "52.0.0.7")])
    shop.estate.attach(shop.subnets["snet-apps"], nat_gateway=other)


def _gateways_ip(shop: Shop) -> None:
    rows = shop.estate[shop.gateway_id("snet-apps")]["properties"]["publicIpAddresses"]
    rows.append({"id": shop.estate.public_ip("pip-other", "52.0.0.7")})


def _address(shop: Shop) -> None:
    row = shop.estate[shop.gateway_id("snet-apps")]["properties"]["publicIpAddresses"][0]
    shop.estate[row["id"]]["properties"]["ipAddress"] = "52.0.0.7"


def _forbidden(shop: Shop) -> None:
    shop.forbid("snet-apps")


def _etag(shop: Shop) -> None:
    shop.document["eTag"] = "another"


STALE = [
    (_tag, ["the cluster: tags: not set -> {cost: 42}"]),
    (_route, [f"rt-snet-apps: routes[to-office].{HOP}: 10.240.9.4 -> 10.240.9.5"]),
    (_new_route, ["rt-snet-apps: routes[to-office-new]: added"]),
    (_gateway, ["snet-apps: natGateway.id: nat-shop -> nat-other"]),
    (_gateways_ip, ["nat-shop: publicIpAddresses[pip-other]: added"]),
    (_address, ["pip-nat-0: ipAddress: 52.0.0.2 -> 52.0.0.7"]),
    (_forbidden, ["snet-apps: read -> could not be read, forbidden"]),
    (_etag, ["The cluster was written since, and reads as before: its eTag was ", ", and is another."]),
]


class TestAStalePlan:
    @pytest.mark.parametrize(("change", "said"), STALE, ids=lambda found: getattr(found, "__name__", ""))
    def test_names_what_changed_from_what_to_what_and_sends_nothing(
        self, az: Az, serve: Serve, tmp_path: Path, change: Callable[[Shop], None], said: Sequence[str]
    ) -> None:
        shop = ready()
        arm = serve(shop)
        file = save(az, tmp_path)
        change(shop)
        told = refused(az, file, arm)
        assert "is stale, so nothing was sent" in told
        assert [words for words in said if words not in told] == [], told

    def test_names_the_command_that_plans_again(self, az: Az, serve: Serve, tmp_path: Path) -> None:
        shop = Shop.managed()
        arm = serve(shop)
        file = save(az, tmp_path, "--nat-gw-idle-timeout", "9", "--accept", "EGR604", to=MNAT)
        shop.document["eTag"] = "another"
        command = refused(az, file, arm).rpartition("`")[0].rpartition("`")[2]
        again = az.shell(command)
        assert (again.code, again.json["outcome"]) == (0, "planned"), again.err
        assert migrate(az, "--plan", file, "--yes").code == 0

    def test_that_changes_after_the_look_is_refused_by_azure(self, az: Az, serve: Serve, tmp_path: Path) -> None:
        shop = ready()
        arm = serve(shop)
        file = save(az, tmp_path)
        arm.fault("PUT", "/managedclusters/", Before(lambda: _tag(shop)))
        result = migrate(az, "--plan", file, "--yes")
        assert (result.code, stored_type(shop)) == (1, LB)
        assert "changed by somebody else" in result.err

    def test_is_not_one_whose_nodes_alone_came_or_went(self, az: Az, serve: Serve, tmp_path: Path) -> None:
        shop = ready()
        serve(shop)
        file = save(az, tmp_path)
        shop.pool("apps", count=4)
        shop.estate.furnish(cluster_id("aks-shop"))
        shop.estate.nic("aks-nap-1", shop.subnets["snet-apps"], "10.240.1.99", group=node_group("aks-shop"))
        result = migrate(az, "--plan", file, "--yes")
        assert (result.code, result.json["outcome"]) == (0, "applied"), result.err

    def test_is_blocked_where_something_was_forbidden_meanwhile(self, az: Az, serve: Serve, tmp_path: Path) -> None:
        shop = ready()
        arm = serve(shop)
        file = save(az, tmp_path)
        shop.estate.permit(cluster_id("aks-shop"), ["*/read"])
        result = migrate(az, "--plan", file, "--yes")
        assert (result.code, result.json["outcome"], arm.writes) == (4, "blocked", [])


def _cut(text: str) -> str:
    return text[: len(text) // 2]


def _edited(text: str) -> str:
    return text.replace(UANAT, MNAT)


def _other_schema(text: str) -> str:
    return json.dumps({**json.loads(text), "schemaVersion": "2"})


BROKEN = [
    (_cut, "is no JSON, or was cut short"),
    (_edited, "was changed since it was saved"),
    (_other_schema, "schemaVersion '2', and this version reads '1'"),
    (lambda _: "", "is no JSON"),
    (lambda text: json.dumps(json.loads(text)["plan"]), "is not what --out saves"),
]


class TestABrokenPlan:
    @pytest.mark.parametrize(("change", "said"), BROKEN)
    def test_is_told_and_nothing_is_read_or_sent(
        self, az: Az, serve: Serve, tmp_path: Path, change: Callable[[str], str], said: str
    ) -> None:
        arm = serve(ready())
        file = Path(save(az, tmp_path))
        file.write_text(change(file.read_text()))
        arm.journal.clear()
        assert said in refused(az, str(file), arm)
        assert arm.journal == []

    @pytest.mark.parametrize("name", ["missing.json", "."])
    def test_that_cannot_be_read_is_told(self, az: Az, serve: Serve, tmp_path: Path, name: str) -> None:
        arm = serve(ready())
        assert "cannot be used" in refused(az, str(tmp_path / name), arm)


class TestTheClusterOfAPlan:
    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (("-n", "another"), "is of aks-shop, not of another"),
            (("-g", "rg-other", "-n", "aks-shop"), "is of rg-shop, not of rg-other"),
            (("--ids", cluster_id("aks-two")), "is of aks-shop, not of aks-two"),
            (("--subscription", OTHER_SUBSCRIPTION), f"is of {SUBSCRIPTION}, not of {OTHER_SUBSCRIPTION}"),
        ],
    )
    def test_is_no_other_than_the_one_that_is_named(
        self, each_az: Az, serve: Serve, tmp_path: Path, words: Sequence[str], said: str
    ) -> None:
        arm = serve(ready())
        assert said in refused(each_az, save(each_az, tmp_path), arm, *words)

    def test_may_be_named_as_well(self, az: Az, serve: Serve, tmp_path: Path) -> None:
        serve(ready())
        file = save(az, tmp_path)
        for words in ((*CLUSTER, "--subscription", SUBSCRIPTION), ("--ids", cluster_id("aks-shop"))):
            assert migrate(az, "--plan", file, "--dry-run", *words).code == 0

    def test_is_found_in_its_subscription_whichever_az_is_set_to(
        self, each_az: Az, serve: Serve, tmp_path: Path
    ) -> None:
        arm = serve(ready())
        file = save(each_az, tmp_path)
        arm.journal.clear()
        each_az.must("account", "set", "--subscription", OTHER_SUBSCRIPTION)
        try:
            assert migrate(each_az, "--plan", file, "--yes").code == 0
        finally:
            each_az.must("account", "set", "--subscription", SUBSCRIPTION)
        paths = [request.path for request in arm.journal if request.path.startswith("/subscriptions/")]
        assert {path.split("/")[2] for path in paths} == {SUBSCRIPTION}

    def test_does_not_clash_with_a_configured_default(self, az: Az, serve: Serve, tmp_path: Path) -> None:
        serve(ready())
        file = save(az, tmp_path)
        snapshot = tmp_path / "snapshot.json"
        snapshot.write_text(az.must("aks", "egress", "show", *CLUSTER, "-o", "json").out)
        az.must("config", "set", "defaults.group=rg-other")
        try:
            planned = migrate(az, "--plan", file, "--dry-run")
            checked = az("aks", "egress", "check", "--snapshot", str(snapshot), "--to", UANAT)
        finally:
            az.must("config", "unset", "defaults.group")
        assert (planned.code, checked.code) == (0, 0), planned.err + checked.err


class TestSaving:
    def test_says_on_stderr_where_the_plan_is_and_how_to_apply_it(self, az: Az, serve: Serve, tmp_path: Path) -> None:
        serve(ready())
        file = tmp_path / "my plan.json"
        result = migrate(az, *CLUSTER, "--to", UANAT, "--dry-run", "--out", str(file))
        assert result.json["outcome"] == "planned"
        assert f"az aks egress migrate --plan '{file}'" in result.err
        assert stat.S_IMODE(file.stat().st_mode) == 0o600

    def test_says_so_on_a_terminal(self, az: Az, serve: Serve, tmp_path: Path) -> None:
        serve(ready())
        words = ("aks", "egress", "migrate", *CLUSTER, "--to", UANAT, "--dry-run", "--out", "plan.json")
        result = on_a_terminal(az, *words)
        assert result.code == 0
        assert "az aks egress migrate --plan plan.json" in result.out
        assert (az.folder / "plan.json").exists()

    def test_does_not_save_what_is_blocked(self, az: Az, serve: Serve, tmp_path: Path) -> None:
        serve(Shop.byo())
        file = tmp_path / "plan.json"
        assert migrate(az, *CLUSTER, "--to", UDR, "--dry-run", "--out", str(file)).code == 4
        assert not file.exists()

    def test_that_fails_is_told(self, az: Az, serve: Serve, tmp_path: Path) -> None:
        serve(ready())
        for file in (tmp_path / "none" / "plan.json", tmp_path):
            result = migrate(az, *CLUSTER, "--to", UANAT, "--dry-run", "--out", str(file))
            assert (result.code, "Traceback" in result.err) == (1, False)
            assert f"{file} cannot be used" in result.err

    def test_keeps_no_secret(self, az: Az, serve: Serve, tmp_path: Path) -> None:
        serve(ready().set(httpProxyConfig={"httpProxy": "http://me:hunter2@proxy:80"}))
        assert "hunter2" not in Path(save(az, tmp_path)).read_text()


USAGE: Any = [
    (("--yes", *CLUSTER), "exactly one of --to and --plan"),
    (("--to", UDR, "--plan", "plan.json", *CLUSTER), "exactly one of --to and --plan"),
    (("--to", UDR), "the cluster is missing"),
    (("--to", UDR, "--out", "plan.json", *CLUSTER), "--out saves the plan of a --dry-run"),
    (("--plan", "plan.json", "--out", "plan.json", "--dry-run"), "--out does not go with --plan"),
    (("--plan", "plan.json", "--accept", "EGR604"), "--accept does not go with --plan"),
    (("--plan", "plan.json", "--lb-ip-count", "2"), "--load-balancer-managed-outbound-ip-count does not go with"),
    (("--plan", "plan.json", "--update-ip-ranges"), "--update-authorized-ip-ranges does not go with --plan"),
    (
        ("--to", UDR, "--dry-run", "--out", "plan.json", "--ids", cluster_id("aks-shop"), cluster_id("aks-two")),
        "a plan is of one cluster",
    ),
    (("--plan", "plan.json", "--ids", cluster_id("aks-shop"), cluster_id("aks-two")), "a plan is of one cluster"),
]


@pytest.mark.parametrize(("words", "said"), USAGE)
def test_what_does_not_go_together_is_a_usage_error(az: Az, serve: Serve, words: Sequence[str], said: str) -> None:
    arm = serve(ready())
    result = migrate(az, *words)
    assert (result.code, arm.journal) == (2, []), result.err
    assert said in result.err
