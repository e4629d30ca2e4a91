"""What a command works on: the cluster as read, or a file; the request; the records; the versions at work."""

from __future__ import annotations

import os
import re
from typing import Any, Collection, Mapping, Sequence

RECORDS = "aksegress"
"""The folder of the records, where az keeps its settings."""


def read_cluster(cmd: Any, resource_group: str | None, name: str | None, request: Any = None) -> Any:
    """What the checks of a request need, or of all outbound types where there is none."""
    from azext_aksegress import matrix
    from azext_aksegress._errors import told
    from azext_aksegress.azure import Azure
    from azext_aksegress.present import Talk
    from azext_aksegress.render import terminal

    talk = Talk(cmd.cli_ctx)
    requests = [request] if request else [make_request(target, {}) for target in matrix.OUTBOUND_TYPES]
    with told(resource_group or "", name or ""), talk.working("reading the cluster"):
        snapshot = Azure(cmd.cli_ctx, resource_group or "", name or "").read(request, wanted(*requests))
    talk.lines(terminal.older_api_version(snapshot))
    return snapshot


def reader(cmd: Any) -> Any:
    """A client that reads, and asks Resource Graph."""
    from azext_aksegress.azure import Azure

    return Azure(cmd.cli_ctx, "", "").runner()


def subscriptions(cmd: Any, named: Collection[str] | None, every: bool) -> list[str]:
    """The ids of the subscriptions to list: those that are named, by id or by name; every one that az is signed in to
    with today's directory; or today's."""
    from azure.cli.core._profile import Profile
    from azure.cli.core.commands.client_factory import get_subscription_id

    if not named and not every:
        return [get_subscription_id(cmd.cli_ctx)]
    profile = Profile(cli_ctx=cmd.cli_ctx)
    known = profile.load_cached_subscriptions()
    if every:
        directory = profile.get_subscription()["tenantId"]
        usable = [found for found in known if found["tenantId"] == directory and found["state"] != "Disabled"]
        return sorted({found["id"] for found in usable})
    return sorted({_subscription(given, known) for given in named or ()})


def _subscription(given: str, known: Sequence[Any]) -> str:
    """The id of a subscription by its id, whether az knows it or not, or by its name, of which there may be several."""
    from azure.cli.core.azclierror import InvalidArgumentValueError

    if _GUID.fullmatch(given):
        return given.lower()
    ids: list[str] = sorted(found["id"].lower() for found in known if found["name"].lower() == given.lower())
    if len(ids) == 1:
        return ids[0]
    if ids:
        what = f"Several subscriptions are called {given}: {', '.join(ids)}."
        raise InvalidArgumentValueError(what, recommendation="Name one by its id.")
    cure = "Look at those that you are signed in to with `az account list -o table`."
    raise InvalidArgumentValueError(f"No subscription is called {given}.", recommendation=cure)


_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)


def wanted(*requests: Any) -> Any:
    """What the checks of some requests need to be read, beside the egress path itself."""
    from azext_aksegress import checks

    return checks.reads(requests)


def load_snapshot(path: str, resource_group: str | None, name: str | None) -> Any:
    """The snapshot in a file; it must be of the cluster that -g and -n name, where they do."""
    from azure.cli.core.azclierror import InvalidArgumentValueError

    from azext_aksegress import arm, files, snapshot
    from azext_aksegress._errors import must_be_of, told
    from azext_aksegress.render.terminal import brief

    again = "Save one with `az aks egress show -g GROUP -n CLUSTER -o json > FILE`."
    with told("", ""):
        try:
            found = snapshot.from_json(files.read_anybodys(path))
        except ValueError as error:
            raise InvalidArgumentValueError(brief(f"{path} is no snapshot: {error}."), recommendation=again) from error
    must_be_of(path, arm.text(found.cluster, "id") or "", resourceGroups=resource_group, managedClusters=name)
    return found


def saved_plan(cmd: Any, path: str, resource_group: str | None, name: str | None) -> Any:
    """The plan in a file; it must be of the cluster that the command names, where it does, and says where that is."""
    from azext_aksegress import arm, saved
    from azext_aksegress._errors import must_be_of, told

    with told("", ""):
        found = saved.load(path, versions()["az"])
    subscription = cmd.cli_ctx.data.get("subscription_id")  # that of --subscription: nothing else has asked for one yet
    cluster = {"subscriptions": subscription, "resourceGroups": resource_group, "managedClusters": name}
    must_be_of(path, found.cluster_id, **cluster)
    cmd.cli_ctx.data["subscription_id"] = arm.part(found.cluster_id, "subscriptions")
    return found


def make_request(to: str, options: Mapping[str, Any], offline: bool = False) -> Any:
    """The request of a command line; offline, nobody knows which az will make the move."""
    from azext_aksegress import request

    return request.make(to, None if offline else versions()["az"], options)


def with_records(folder: str, request: Any, read: Any) -> Any:
    """A request that names addresses, and what the records of earlier migrations of the cluster say of such."""
    if request is None or not request.own_ids:
        return request

    from dataclasses import replace

    from azext_aksegress import arm, past

    return replace(request, formerly=past.former_addresses(folder, arm.text(read.cluster, "id") or ""))


def probe(asked_for: bool, url: str | None) -> Any:
    """How nodes are to be asked, or None where they are not."""
    from azext_aksegress.probe import Probe

    return Probe(url) if asked_for else None


def records(cmd: Any, folder: str | None = None, needed: bool = True) -> str:
    """The folder of the records, in az's own where none is given.

    A user without a home has az keep its settings in a folder that is called ~, wherever the user stands: nobody would
    look for a record there. And few shells expand the ~ of `--record-dir=~/records`.
    """
    from azure.cli.core.azclierror import ValidationError

    settings: str = cmd.cli_ctx.config.config_dir
    if needed and folder is None and settings.startswith("~"):
        cure = "Set HOME, or name a folder with --record-dir."
        raise ValidationError("There is no home folder, so there is no place for records.", recommendation=cure)
    return os.path.abspath(os.path.expanduser(folder or os.path.join(settings, RECORDS)))


def versions() -> dict[str, str]:
    """The versions of az and of this extension."""
    from azure.cli.core import __version__ as az_version
    from azure.cli.core.extension import get_extension

    return {"az": az_version, "aksegress": get_extension("aksegress").version or "unknown"}
