"""Agent pools, from the JSON of the cluster."""

from __future__ import annotations

from dataclasses import dataclass

from azext_aksegress import arm
from azext_aksegress.arm import Json


@dataclass(frozen=True)
class Pool:
    """One agent pool, and the ARM JSON that describes it."""

    id: str
    document: Json

    @property
    def name(self) -> str:
        """The pool's own name."""
        return arm.text(self.document, "name") or "unnamed"

    @property
    def type(self) -> str | None:
        """VirtualMachineScaleSets, VirtualMachines or AvailabilitySet."""
        return arm.text(self.document, "type")

    @property
    def provisioning_state(self) -> str | None:
        """Succeeded, Failed, Canceled, or what runs now."""
        return arm.text(self.document, "provisioningState")

    @property
    def node_subnet_id(self) -> str | None:
        """The subnet of its nodes, where the cluster names one."""
        return arm.text(self.document, "vnetSubnetID")

    @property
    def pod_subnet_id(self) -> str | None:
        """The subnet of its pods, where they have one of their own."""
        return arm.text(self.document, "podSubnetID")

    @property
    def subnet_ids(self) -> tuple[str, ...]:
        """The subnets of its nodes and its pods, as far as the cluster names them."""
        found = (self.node_subnet_id, self.pod_subnet_id)
        return tuple(subnet_id for subnet_id in found if subnet_id)

    @property
    def zones(self) -> tuple[str, ...]:
        """The availability zones of its nodes; none where they are not spread."""
        return arm.strings(self.document, "availabilityZones")

    @property
    def node_public_ip(self) -> bool:
        """Whether each node has a public IP of its own."""
        return arm.flag(self.document, "enableNodePublicIP")

    @property
    def node_public_ip_prefix_id(self) -> str | None:
        """The prefix that the nodes' own public IPs are taken from."""
        return arm.text(self.document, "nodePublicIPPrefixID")

    @property
    def outbound_nat_disabled(self) -> bool:
        """Whether a Windows pool was made without outbound NAT."""
        return arm.flag(self.document, "windowsProfile", "disableOutboundNat")
