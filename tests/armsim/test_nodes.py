"""The nodes of a cluster as Compute shows them: instances of scale sets, and machines of their own."""

from __future__ import annotations

import pytest

from tests.armsim.caller import CLUSTER
from tests.armsim.messages import Json
from tests.armsim.node_caller import COMPUTE, MACHINES, Nodes

STATUS = {"ProvisioningState/succeeded", "PowerState/running"}


def codes(document: Json) -> set[str]:
    return {row["code"] for row in document["properties"]["instanceView"]["statuses"]}


class TestScaleSets:
    def test_tell_the_system_and_the_pool(self) -> None:
        azure = Nodes(osType="Windows")
        found = azure.get(azure.scale_set)
        assert found["properties"]["virtualMachineProfile"]["storageProfile"]["osDisk"]["osType"] == "Windows"
        assert found["tags"]["aks-managed-poolName"] == "apps"

    def test_are_named_for_the_pool_alone_on_windows(self) -> None:
        assert Nodes(osType="Windows").scale_set.endswith("/aksapps")
        assert Nodes().scale_set.endswith("-vmss")

    def test_have_an_instance_for_each_node(self) -> None:
        azure = Nodes(count=3)
        rows = azure.get(f"{azure.scale_set}/virtualMachines")["value"]
        assert [row["instanceId"] for row in rows] == ["0", "1", "2"]
        assert [row["name"][-7:] for row in rows] == ["-vmss_0", "-vmss_1", "-vmss_2"]
        assert len({row["properties"]["vmId"] for row in rows}) == 3

    def test_of_no_such_name_have_no_instances(self) -> None:
        assert Nodes().send("GET", f"{COMPUTE}/virtualMachineScaleSets/x/virtualMachines").status == 404


class TestInstances:
    def test_one_is_as_in_the_list(self) -> None:
        azure = Nodes()
        rows = azure.get(f"{azure.scale_set}/virtualMachines")["value"]
        assert azure.get(f"{azure.scale_set}/virtualMachines/1") == rows[1]

    def test_have_the_names_and_sizes_of_the_pool(self) -> None:
        found = Nodes().get(Nodes().machine)
        assert found["sku"] == {"name": "Standard_D4s_v5", "tier": "Standard"}
        assert found["properties"]["osProfile"]["computerName"].endswith("-vmss000000")
        assert found["properties"]["storageProfile"]["osDisk"]["osType"] == "Linux"
        assert found["tags"]["aks-managed-poolName"] == "apps"

    def test_have_the_network_interfaces_that_the_scale_set_lists(self) -> None:
        azure = Nodes()
        listed = [row["id"] for row in azure.get(f"{azure.scale_set}/networkInterfaces")["value"]]
        shown = [azure.get(f"{azure.scale_set}/virtualMachines/{node}")["properties"] for node in (0, 1)]
        assert [row["networkProfile"]["networkInterfaces"][0]["id"] for row in shown] == listed
        own = azure.get(f"{azure.machine}/networkInterfaces")["value"]
        assert [row["id"] for row in own] == listed[:1]

    def test_computers_are_counted_in_base_36(self) -> None:
        azure = Nodes(count=38)
        rows = azure.get(f"{azure.scale_set}/virtualMachines")["value"]
        assert [rows[at]["properties"]["osProfile"]["computerName"][-6:] for at in (35, 37)] == ["00000z", "000011"]

    def test_that_are_not_there_are_not_found(self) -> None:
        azure = Nodes()
        answer = azure.send("GET", f"{azure.scale_set}/virtualMachines/9")
        assert (answer.status, azure.code(answer)) == (404, "NotFound")

    def test_can_be_read_alone(self) -> None:
        azure = Nodes()
        assert azure.send("DELETE", azure.machine).status == 405


@pytest.mark.parametrize(("kind", "name"), [("VirtualMachines", "-vms1"), ("AvailabilitySet", "-0")])
class TestMachinesOfTheirOwn:
    def test_are_in_the_place_of_a_scale_set(self, kind: str, name: str) -> None:
        azure = Nodes(type=kind)
        assert azure.in_node_group("virtualMachineScaleSets") == []
        assert azure.names(MACHINES)[0].endswith(name)
        assert len(azure.names(MACHINES)) == 2

    def test_have_network_interfaces_in_the_pool_s_subnet(self, kind: str, name: str) -> None:
        azure = Nodes(type=kind)
        (reference,) = azure.get(azure.machine)["properties"]["networkProfile"]["networkInterfaces"]
        nic = azure.get(reference["id"])["properties"]
        assert nic["virtualMachine"]["id"] == azure.machine
        assert nic["ipConfigurations"][0]["properties"]["subnet"]["id"] == azure.subnet

    def test_stay_what_they_are_while_the_cluster_changes(self, kind: str, name: str) -> None:
        azure = Nodes(type=kind)
        before = {key: azure.get(key) for key in azure.estate.resources if "/mc_" in key and "-nic-" in key}
        azure.estate.furnish(CLUSTER)
        assert {key: azure.get(key) for key in before} == before
        assert len(before) == 2

    def test_have_an_instance_view_where_it_is_asked_for(self, kind: str, name: str) -> None:
        azure = Nodes(type=kind)
        assert "instanceView" not in azure.get(azure.machine)["properties"]
        assert codes(azure.get(azure.machine, expand="instanceView")) == STATUS
        assert [codes(row) for row in azure.get(MACHINES, expand="instanceView")["value"]] == [STATUS] * 2


def test_a_pool_of_machines_has_as_many_as_its_sizes_say() -> None:
    sizes = {"scale": {"manual": [{"count": 1}, {"count": 3}]}}
    assert len(Nodes(type="VirtualMachines", virtualMachinesProfile=sizes).names(MACHINES)) == 4


class TestPower:
    def test_instances_run(self) -> None:
        azure = Nodes()
        rows = azure.get(f"{azure.scale_set}/virtualMachines", expand="instanceView")["value"]
        assert [codes(row) for row in rows] == [STATUS] * 2
        assert "vmAgent" in azure.get(f"{azure.machine}/instanceView")

    def test_a_test_can_stop_one(self) -> None:
        azure = Nodes()
        azure.hooks.power(azure.machine.upper())
        rows = azure.get(f"{azure.scale_set}/virtualMachines", expand="instanceView")["value"]
        assert ["PowerState/deallocated" in codes(row) for row in rows] == [True, False]
        assert "vmAgent" not in azure.get(f"{azure.machine}/instanceView")

    @pytest.mark.parametrize("stopped", [{"powerState": {"code": "Stopped"}}])
    def test_those_of_a_pool_or_a_cluster_that_is_stopped_do_not_run(self, stopped: Json) -> None:
        for azure in (Nodes(**stopped), Nodes(cluster=stopped)):
            assert "PowerState/deallocated" in codes(azure.get(azure.machine, expand="instanceView"))
