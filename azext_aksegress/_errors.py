"""Azure's errors and ours as az's own: what happened, why, and how to mend it, with the exit code of the design."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator

from azext_aksegress.arm import name as last_part


@contextmanager
def told(resource_group: str, cluster: str) -> Iterator[None]:
    """Run a command's work, and turn what it raises into an error that tells a person what to do."""
    from azure.cli.core.azclierror import (
        AzureConnectionError,
        AzureResponseError,
        FileOperationError,
        ForbiddenError,
        ResourceNotFoundError,
        UnauthorizedError,
    )
    from azure.core.exceptions import AzureError, HttpResponseError

    from azext_aksegress.apply import NotApplied

    try:
        yield
    except HttpResponseError as error:
        said = " ".join(str(error.message or error).split())
        if error.status_code == 404:
            raise ResourceNotFoundError(
                f"There is no cluster {cluster} in resource group {resource_group}: {said}",
                recommendation="Look at the names with `az aks list -o table`, and choose with --subscription.",
            ) from error
        if error.status_code == 403:
            raise ForbiddenError(
                f"Azure forbids to read cluster {cluster}: {said}",
                recommendation="Ask for the action Microsoft.ContainerService/managedClusters/read on it.",
            ) from error
        if error.status_code == 401:
            raise UnauthorizedError(
                f"Azure does not take the sign-in: {said}", recommendation="Sign in again with `az login`."
            ) from error
        raise AzureResponseError(
            f"Azure could not answer for cluster {cluster}: {said}", recommendation="Run the command again later."
        ) from error
    except AzureError as error:
        raise AzureConnectionError(
            f"Azure gave no usable answer for cluster {cluster}: {' '.join(str(error).split())}",
            recommendation="Look at the network and the proxy, and run the command again.",
        ) from error
    except NotApplied as error:
        raise AzureResponseError(
            str(error),
            recommendation=f"Look at what is there now with `az aks egress show -g {resource_group} -n {cluster}`, "
            "then run the same command again.",
        ) from error
    except OSError as error:
        raise FileOperationError(
            f"{last_part(error.filename or '') or 'A file'} cannot be used: {error.strerror or error}",
            recommendation="Look at the path and its permissions.",
        ) from error
