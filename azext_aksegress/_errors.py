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
    from azure.cli.core.azclierror import (
        AzureConnectionError,
        AzureResponseError,
        FileOperationError,
        InvalidArgumentValueError,
        ValidationError,
    )
    from azure.core.exceptions import AzureError, HttpResponseError

    from azext_aksegress.follow import NotApplied
    from azext_aksegress.owners import NotOurs
    from azext_aksegress.past import RecordError
    from azext_aksegress.resources import SignInFailed, said
    from azext_aksegress.saved import PlanError

    try:
        yield
    except SignInFailed as error:
        raise error.cause from error
    except HttpResponseError as error:
        raise _of_a_read(error, f"{cluster} in resource group {resource_group}") from error
    except AzureError as error:
        raise AzureConnectionError(
            clean(f"Azure gave no usable answer for cluster {cluster}: {said(error)}"),
            recommendation="Look at the network and the proxy, and run the command again.",
        ) from error
    except PlanError as error:
        raise InvalidArgumentValueError(brief(str(error)), recommendation=clean(error.cure)) from error
    except NotApplied as error:
        raise AzureResponseError(clean(str(error)), recommendation=clean(error.cure)) from error
    except RecordError as error:
        raise ValidationError(brief(str(error)), recommendation=clean(error.cure)) from error
    except OSError as error:
        raise FileOperationError(
            clean(f"{error.filename} cannot be used: {error.strerror}" if error.filename else str(error)),
            recommendation=clean(error.cure if isinstance(error, NotOurs) else LOOK),
        ) from error


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
