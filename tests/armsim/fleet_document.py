"""The properties of a cluster as long as real ones are: what AKS writes into each by itself, and what companies add."""

from __future__ import annotations

from typing import Callable, Sequence

from tests.armsim.estate import pool
from tests.armsim.ids import scope
from tests.armsim.messages import Json

_VERSION = "1.33.2"
_KEY = f"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ{'bm90YXJlYWxrZXk' * 22} azureuser@fleet"
"""Of the length of a real key, and nobody's."""


def document(cluster: Json, node_group: str, network: Json, subnets: Sequence[str], guid: Callable[[str], str]) -> Json:
    """The properties of a cluster, which has its id, name and location; `network` says its outbound type and profile,
    and `guid` makes the ids that Azure would."""
    name, region = cluster["name"], cluster["location"]
    host = f"{name}-{guid(name)[:8]}"
    return {
        "powerState": {"code": "Running"},
        "kubernetesVersion": _VERSION,
        "currentKubernetesVersion": _VERSION,
        "dnsPrefix": name,
        "fqdn": f"{host}.hcp.{region}.azmk8s.io",
        "azurePortalFQDN": f"{host}.portal.hcp.{region}.azmk8s.io",
        "agentPoolProfiles": list(_pools(name, subnets, guid)),
        "linuxProfile": {"adminUsername": "azureuser", "ssh": {"publicKeys": [{"keyData": _KEY}]}},
        "windowsProfile": {"adminUsername": "azureuser", "enableCSIProxy": True},
        "servicePrincipalProfile": {"clientId": "msi"},
        "addonProfiles": _addons(cluster, node_group, guid),
        "nodeResourceGroup": node_group,
        "enableRBAC": True,
        "supportPlan": "KubernetesOfficial",
        "networkProfile": {**_NETWORK, **network},
        "aadProfile": {
            "managed": True,
            "adminGroupObjectIDs": [guid("platform"), guid("on-call")],
            "enableAzureRBAC": True,
            "tenantID": guid("tenant"),
        },
        "maxAgentPools": 100,
        "apiServerAccessProfile": {"enablePrivateCluster": False},
        "identityProfile": {"kubeletidentity": _identity(cluster, node_group, f"{name}-agentpool", guid)},
        "autoScalerProfile": dict(_AUTOSCALER),
        "autoUpgradeProfile": {"upgradeChannel": "patch", "nodeOSUpgradeChannel": "NodeImage"},
        "disableLocalAccounts": True,
        "securityProfile": _security(cluster),
        "storageProfile": {
            "diskCSIDriver": {"enabled": True},
            "fileCSIDriver": {"enabled": True},
            "snapshotController": {"enabled": True},
        },
        "oidcIssuerProfile": {
            "enabled": True,
            "issuerURL": f"https://{region}.oic.prod-aks.azure.com/{guid('tenant')}/{guid(cluster['id'])}/",
        },
        "workloadAutoScalerProfile": {"keda": {"enabled": True}, "verticalPodAutoscaler": {"enabled": False}},
        "azureMonitorProfile": {"metrics": {"enabled": True, "kubeStateMetrics": {"metricLabelsAllowlist": ""}}},
        "metricsProfile": {"costAnalysis": {"enabled": True}},
        "resourceUID": guid(f"{cluster['id']}/uid").replace("-", "")[:24],
        "nodeProvisioningProfile": {"mode": "Manual"},
        "bootstrapProfile": {"artifactSource": "Direct"},
    }


_NETWORK: Json = {
    "networkPlugin": "azure",
    "networkPluginMode": "overlay",
    "networkPolicy": "cilium",
    "networkDataplane": "cilium",
    "loadBalancerSku": "standard",
    "podCidr": "10.244.0.0/16",
    "serviceCidr": "10.0.0.0/16",
    "dnsServiceIP": "10.0.0.10",
    "podCidrs": ["10.244.0.0/16"],
    "serviceCidrs": ["10.0.0.0/16"],
    "ipFamilies": ["IPv4"],
}
_AUTOSCALER: Json = {
    "balance-similar-node-groups": "false",
    "daemonset-eviction-for-empty-nodes": False,
    "daemonset-eviction-for-occupied-nodes": True,
    "expander": "random",
    "ignore-daemonsets-utilization": False,
    "max-empty-bulk-delete": "10",
    "max-graceful-termination-sec": "600",
    "max-node-provision-time": "15m",
    "max-total-unready-percentage": "45",
    "new-pod-scale-up-delay": "0s",
    "ok-total-unready-count": "3",
    "scale-down-delay-after-add": "10m",
    "scale-down-delay-after-delete": "10s",
    "scale-down-delay-after-failure": "3m",
    "scale-down-unneeded-time": "10m",
    "scale-down-unready-time": "20m",
    "scale-down-utilization-threshold": "0.5",
    "scan-interval": "10s",
    "skip-nodes-with-local-storage": "false",
    "skip-nodes-with-system-pods": "true",
}


def _pools(name: str, subnets: Sequence[str], guid: Callable[[str], str]) -> list[Json]:
    """Two, in one subnet or in one each, or in the VNet that AKS makes."""
    return [_pool(found, subnet, guid(f"{name}/{found}")) for found, subnet in zip(("system", "apps"), _two(subnets))]


def _two(subnets: Sequence[str]) -> tuple[str | None, str | None]:
    return (subnets[0], subnets[-1]) if subnets else (None, None)


def _pool(name: str, subnet: str | None, tag: str) -> Json:
    return pool(
        name,
        subnet,
        eTag=tag,
        osDiskSizeGB=128,
        osDiskType="Ephemeral",
        kubeletDiskType="OS",
        maxPods=110,
        maxCount=12,
        minCount=3,
        enableAutoScaling=True,
        scaleDownMode="Delete",
        availabilityZones=["1", "2", "3"],
        nodeLabels={"team": "platform", "costCenter": "4711", "workload": name},
        nodeTaints=["CriticalAddonsOnly=true:NoSchedule"] if name == "system" else [],
        enableEncryptionAtHost=True,
        enableUltraSSD=False,
        enableFIPS=False,
        osSKU="AzureLinux",
        nodeImageVersion="AKSAzureLinux-V3gen2-202611.03.0",
        upgradeSettings={"maxSurge": "33%", "maxUnavailable": "0", "drainTimeoutInMinutes": 30},
        securityProfile={"enableVTPM": False, "enableSecureBoot": False, "sshAccess": "LocalUser"},
        networkProfile={},
    )


def _addons(cluster: Json, node_group: str, guid: Callable[[str], str]) -> Json:
    def identity(addon: str) -> Json:
        return _identity(cluster, node_group, f"{addon}-{cluster['name']}", guid)

    return {
        "azureKeyvaultSecretsProvider": {
            "enabled": True,
            "config": {"enableSecretRotation": "true", "rotationPollInterval": "2m"},
            "identity": identity("azurekeyvaultsecretsprovider"),
        },
        "azurepolicy": {"enabled": True, "config": None, "identity": identity("azurepolicy")},
        "omsagent": {
            "enabled": True,
            "config": {"logAnalyticsWorkspaceResourceID": _workspace(cluster), "useAADAuth": "true"},
            "identity": identity("omsagent"),
        },
    }


def _identity(cluster: Json, node_group: str, name: str, guid: Callable[[str], str]) -> Json:
    where = scope(node_group, cluster["id"].split("/")[2])
    found = f"{where}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"
    return {"resourceId": found, "clientId": guid(f"{found}/client"), "objectId": guid(found)}


def _security(cluster: Json) -> Json:
    defender = {"logAnalyticsWorkspaceResourceId": _workspace(cluster), "securityMonitoring": {"enabled": True}}
    cleaner = {"enabled": True, "intervalHours": 168}
    return {"defender": defender, "imageCleaner": cleaner, "workloadIdentity": {"enabled": True}}


def _workspace(cluster: Json) -> str:
    group = scope(f"rg-monitor-{cluster['location']}", cluster["id"].split("/")[2])
    return f"{group}/providers/Microsoft.OperationalInsights/workspaces/log-{cluster['location']}"
