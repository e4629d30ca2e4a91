"""The options of each command, spelled as `az aks` spells them."""

from typing import Any

OUTBOUND_TYPES = [
    "loadBalancer",
    "managedNATGateway",
    "userAssignedNATGateway",
    "userDefinedRouting",
    "none",
    "block",
]


def load_arguments(loader: Any, _: Any) -> None:
    """Register the options."""
    from azure.cli.core.commands.parameters import (
        get_enum_type,
        get_resource_name_completion_list,
        resource_group_name_type,
    )
    from azure.cli.core.local_context import LocalContextAction, LocalContextAttribute

    from azext_aksegress import _validators

    outbound_type = get_enum_type(OUTBOUND_TYPES)

    with loader.argument_context("aks egress") as context:
        context.argument("resource_group_name", resource_group_name_type)
        context.argument(
            "resource_name",
            options_list=["--name", "-n"],
            help="Name of the managed cluster.",
            id_part="name",
            validator=_validators.count_cluster,
            completer=get_resource_name_completion_list("Microsoft.ContainerService/ManagedClusters"),
            local_context_attribute=LocalContextAttribute(
                name="aks_name", actions=[LocalContextAction.GET], scopes=["aks"]
            ),
        )
        context.argument("to", arg_type=outbound_type, help="The outbound type to change to.")

    for command in ("aks egress check", "aks egress migrate"):
        with loader.argument_context(command) as context:
            context.argument("to", validator=_validators.options_belong_to_the_target)
            _options(context)

    with loader.argument_context("aks egress check") as context:
        context.argument(
            "snapshot",
            validator=_validators.cluster_or_snapshot,
            help="Judge the cluster in this file, saved with `az aks egress show -o json`, instead of a live one.",
        )
        context.argument(
            "fail_on",
            arg_type=get_enum_type(["blocked", "warning", "never"], default="blocked"),
            help="What ends with exit code 4: a blocked move; a warning as well; or nothing, which also turns "
            "exit code 5 (undetermined) into 0.",
        )

    with loader.argument_context("aks egress migrate") as context:
        context.argument(
            "plan",
            validator=_validators.to_or_plan,
            help="Apply exactly the plan in this file, saved with --dry-run --out, instead of planning anew. It is "
            "refused when anything that was judged has changed since.",
        )
        context.argument(
            "out",
            validator=_validators.place_for_a_plan,
            help="With --dry-run, save the plan in this file, for --plan to apply exactly it later.",
        )

    for command in ("aks egress migrate", "aks egress rollback"):
        with loader.argument_context(command) as context:
            _writing(context)

    for command in ("aks egress migrate", "aks egress verify", "aks egress rollback"):
        with loader.argument_context(command) as context:
            context.argument(
                "record_dir",
                validator=_validators.named_file("record_dir"),
                help="Folder of the records. Default: the folder aksegress where the Azure CLI keeps its settings.",
            )

            context.argument(
                "probe",
                action="store_true",
                help="Also ask one node of each subnet itself, by a command that changes nothing on it: whether what "
                "AKS needs answers, and which address the internet sees, or for none and block, that it is not "
                "reached. Needs the right to run commands on the nodes.",
            )
            context.argument(
                "probe_url",
                validator=_validators.way_to_probe,
                help="The service that --probe asks for the address of a node, by https: it must answer with an IPv4 "
                "address and nothing else. Default: two public ones.",
            )

    for command in ("check", "migrate", "verify", "rollback", "list"):
        with loader.argument_context(f"aks egress {command}") as context:
            _report(context.extra)

    for command in ("aks egress verify", "aks egress rollback"):
        with loader.argument_context(command) as context:
            context.argument(
                "record",
                validator=_validators.named_file("record"),
                help="The record of a migration. Default: the newest one of the cluster.",
            )

    with loader.argument_context("aks egress rollback") as context:
        _update_ranges(context.argument)

    with loader.argument_context("aks egress list") as context:
        context.argument("to", help="Judge each cluster for a change to this outbound type.")
        context.argument(
            "subscriptions",
            nargs="+",
            validator=_validators.way_to_list,
            help="Names or ids of the subscriptions to list, space-separated. Default: today's subscription.",
        )
        context.argument(
            "all_subscriptions",
            action="store_true",
            help="List every subscription that you are signed in to, in today's directory.",
        )
        context.argument(
            "vnet_type",
            arg_type=get_enum_type(["managed", "byo"]),
            help="Only clusters in this kind of VNet. One whose kind cannot be told is listed, too.",
        )
        context.argument(
            "fail_on",
            arg_type=get_enum_type(["blocked", "warning", "never"], default="never"),
            help="What ends with exit code 4: a blocked cluster; or one with warnings as well. With either, one that "
            "is undetermined ends with exit code 5.",
        )

    with loader.argument_context("aks egress list-paths") as context:
        context.argument(
            "vnet_type", arg_type=get_enum_type(["managed", "byo"]), help="Only paths of clusters in this kind of VNet."
        )
        context.argument(
            "from_type", options_list=["--from"], arg_type=outbound_type, help="Only paths from this outbound type."
        )
        context.argument("to", arg_type=outbound_type, help="Only paths to this outbound type.")


def _options(context: Any) -> None:
    """Register the options of a move, from the one table that has them all."""
    from azure.cli.core.commands.parameters import get_enum_type

    from azext_aksegress import _validators
    from azext_aksegress.request import CHOICES, OPTIONS

    register = context.extra
    groups = {"loadBalancer": "Load Balancer", "managedNATGateway": "NAT Gateway", None: "Isolation"}
    for option in OPTIONS:
        more: Any = {"type": _validators.ids if option.takes_ids else int}
        if option.field in CHOICES:
            more = {"arg_type": get_enum_type(CHOICES[option.field])}
        register(
            option.name,
            options_list=list(option.flags),
            arg_group=groups[option.target],
            help=option.help,
            **more,
        )
    _update_ranges(register)


def _writing(context: Any) -> None:
    """Register what the commands that write have in common."""
    from azext_aksegress import _validators

    context.argument(
        "accept",
        nargs="+",
        type=_validators.acceptable_id,
        help="Ids of findings to go past knowingly, such as EGR604. Only findings that are marked so can be "
        "accepted; they stay in the report and in the record.",
    )
    context.argument("dry_run", action="store_true", help="Stop after the plan: nothing is sent.")
    context.argument(
        "without_waiting",
        options_list=["--no-wait"],
        action="store_true",
        help="Return as soon as Azure has taken the last update, before it is done and verified.",
    )
    context.argument("yes", options_list=["--yes", "-y"], action="store_true", help="Do not ask.")


def _report(register: Any) -> None:
    """Register what the commands that judge have in common."""
    from azure.cli.core.commands.parameters import get_enum_type

    from azext_aksegress import _validators

    register(
        "report",
        validator=_validators.report_file,
        arg_group="Report",
        help="Also write the report, with the egress path drawn, in this file: Markdown or HTML, as its name ends, "
        "with .md or .html. It is written also where the command fails, and says so.",
    )
    register(
        "mask",
        nargs="*",
        arg_type=get_enum_type(["ids", "ips"]),
        arg_group="Report",
        help="Hide the ids of subscriptions and the like (ids, or no word), IP addresses (ips), or both, for sharing: "
        "in the file of --report, or without one in the result. The same gets the same stand-in.",
    )


def _update_ranges(register: Any) -> None:
    from azext_aksegress.request import UPDATE_RANGES

    register(
        UPDATE_RANGES,
        options_list=["--update-authorized-ip-ranges", "--update-ip-ranges"],
        action="store_true",
        help="Also add the new egress IPs to the API server's authorized IP ranges: before the move where they are "
        "known, right after it where AKS makes them. No range of yours is removed.",
    )
