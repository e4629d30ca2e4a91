"""Azure's errors and ours as az's own: what happened, why, and how to mend it, with the exit code of the design."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator

from azext_aksegress import arm
from azext_aksegress.render.terminal import brief, clean

LOOK = "Look at the path and its permissions, and at what the message names."


@contextmanager
def told(resource_group: str, cluster: str) -> Iterator[None]:
    """Run a command's work, and turn what it raises into an error that tells a person what to do."""
    try:
        yield
    except Exception as error:
        as_azs_own = _of_azure(error, resource_group, cluster) or _of_a_move(error) or _of_a_file(error)
        if as_azs_own is None:
            raise
        raise as_azs_own from error


@contextmanager
def told_of_a_fleet() -> Iterator[None]:
    """The same for a command that lists clusters."""
    from azure.cli.core.azclierror import AzureResponseError
    from azure.core.exceptions import AzureError

    from azext_aksegress.resources import SignInFailed

    try:
        yield
    except SignInFailed as error:
        raise error.cause from error
    except AzureError as error:
        cure = "Run it again later, or over less: with --subscriptions or --resource-group."
        raise AzureResponseError(clean(str(error)), recommendation=cure) from error


def must_be_of(path: str, cluster_id: str, **named: str | None) -> None:
    """Refuse a file that is of another cluster than the command names, by labels of its id; what az takes from its
    configuration, where the command says nothing, names none."""
    from azure.cli.core.azclierror import InvalidArgumentValueError

    for label, asked in named.items():
        stored = arm.part(cluster_id, label)
        if asked and not getattr(asked, "is_default", False) and not arm.same(asked, stored):
            raise InvalidArgumentValueError(
                clean(f"{path} is of {stored}, not of {asked}."),
                recommendation="Leave -g, -n and --subscription out, or name the cluster that it is of.",
            )


def _of_azure(error: Exception, resource_group: str, cluster: str) -> Any:
    from azure.cli.core.azclierror import AzureConnectionError
    from azure.core.exceptions import AzureError, HttpResponseError

    from azext_aksegress.resources import SignInFailed, said

    if isinstance(error, SignInFailed):
        return error.cause
    if isinstance(error, HttpResponseError):
        return _of_a_read(error, f"{cluster} in resource group {resource_group}")
    if isinstance(error, AzureError):
        return AzureConnectionError(
            clean(f"Azure gave no usable answer for cluster {cluster}: {said(error)}"),
            recommendation="Look at the network and the proxy, and run the command again.",
        )
    return None


def _of_a_move(error: Exception) -> Any:
    """The modules of a move are loaded where something goes wrong: a check that goes well has no use for them."""
    from azure.cli.core.azclierror import AzureResponseError, InvalidArgumentValueError, ValidationError

    from azext_aksegress.follow import NotApplied
    from azext_aksegress.past import RecordError
    from azext_aksegress.saved import PlanError

    if isinstance(error, PlanError):
        return InvalidArgumentValueError(brief(str(error)), recommendation=clean(error.cure))
    if isinstance(error, NotApplied):
        return AzureResponseError(clean(str(error)), recommendation=clean(error.cure))
    if isinstance(error, RecordError):
        return ValidationError(brief(str(error)), recommendation=clean(error.cure))
    return None


def _of_a_file(error: Exception) -> Any:
    from azure.cli.core.azclierror import FileOperationError

    from azext_aksegress.owners import NotOurs

    if not isinstance(error, OSError):
        return None
    return FileOperationError(
        clean(f"{error.filename} cannot be used: {error.strerror}" if error.filename else str(error)),
        recommendation=clean(error.cure if isinstance(error, NotOurs) else LOOK),
    )


def _of_a_read(error: Any, cluster: str) -> Exception:
    from azure.cli.core import azclierror

    from azext_aksegress.resources import said

    kinds = {
        401: (
            azclierror.UnauthorizedError,
            "Azure does not take the sign-in for",
            "Sign in again with `az login`.",
        ),
        403: (
            azclierror.ForbiddenError,
            "Azure forbids to read",
            "Ask for the action Microsoft.ContainerService/managedClusters/read on it.",
        ),
        404: (
            azclierror.ResourceNotFoundError,
            "There is no cluster",
            "Look at the names with `az aks list -o table`, and choose with --subscription.",
        ),
    }
    other = (
        azclierror.AzureResponseError,
        "Azure could not answer for",
        "Mend what Azure names, or run it again later.",
    )
    kind, what, cure = kinds.get(error.status_code, other)
    told_so: Exception = kind(clean(f"{what} {cluster}: {said(error)}"), recommendation=cure)
    return told_so
