"""What one read came to: the JSON of an id, the members of a collection, or Unread with the reason; never an error."""

from __future__ import annotations

import re
from typing import Any

from azure.core.exceptions import AzureError, HttpResponseError, ServiceRequestError, ServiceResponseError

from azext_aksegress import arm, questions, wire
from azext_aksegress.arm import Json
from azext_aksegress.questions import FILTER
from azext_aksegress.resources import (
    ArmReader,
    NotAsked,
    api_version_of,
    is_an_id,
    kind_of,
    newest,
    said,
    short,
    signed_in,
)
from azext_aksegress.snapshot import NOT_FOUND, Answer, Unread

NONE_THERE = ("ResourceGroupNotFound", "ResourceNotFound")
"""What ARM answers for a collection in a resource group that is not there: a collection without members."""
_OF_A_GROUP = re.compile(r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/[^/]+/[^/]+", re.I)
"""The collections of which a resource group that is not there has no members."""


def answer(reader: ArmReader, resource_id: str, question: Json | None = None) -> Answer:
    """What one id answers; every failure ends as Unread, so that it never holds the others up."""
    if not is_an_id(resource_id.partition(FILTER)[0]) and resource_id != questions.GRAPH:
        return Unread(resource_id, "is not the id of an Azure resource")
    many = arm.is_collection(resource_id)
    try:
        with signed_in():
            found = _read_at_a_known_version(reader, resource_id, question)
    except HttpResponseError as error:
        of_a_group = many and not question and _OF_A_GROUP.fullmatch(resource_id)
        if of_a_group and error.status_code == 404 and _code(error) in NONE_THERE:
            return ()
        return unread(resource_id, error)
    except (AzureError, ValueError) as error:
        return unread(resource_id, error)
    return _understood(resource_id, found, many, question)


def _understood(resource_id: str, found: Any, many: bool, question: Json | None) -> Answer:
    """The answer to a question is kept as the properties of the id that it was asked under."""
    if isinstance(found, tuple) or (many and not question and isinstance(found, list)):
        return tuple(found)
    if question:
        is_answer = isinstance(found, dict) and bool(found)
        return {"id": resource_id, "properties": found} if is_answer else Unread(resource_id, "the answer says nothing")
    is_resource = not many and isinstance(found, dict) and ("id" in found or "properties" in found)
    return found if is_resource else Unread(resource_id, "the answer is not a resource")


def _read_at_a_known_version(reader: ArmReader, resource_id: str, question: Json | None) -> Any:
    """A cloud that does not know an api-version says so once for each kind."""
    kind, version = api_version_of(resource_id)
    version, found = newest(
        lambda one: _read(reader, resource_id, one, question), reader.known_versions.get(kind, version)
    )
    reader.known_versions[kind] = version
    return found


def _read(reader: ArmReader, resource_id: str, version: str, question: Json | None) -> Any:
    if question:
        return reader.ask(resource_id, version, question)
    many = arm.is_collection(resource_id)
    return reader.list(resource_id, version) if many else reader.get(resource_id, version)


def unread(resource_id: str, error: Exception, verb: str = "read") -> Unread:
    """The error of a read, or of another action, as what is not known for it."""
    if isinstance(error, HttpResponseError):
        permission = f"{kind_of(resource_id)}/{verb}" if error.status_code == 403 else None
        return Unread(resource_id, _reason(error), permission)
    if isinstance(error, (NotAsked, wire.TooMuch)):
        return Unread(resource_id, str(error))
    if isinstance(error, (ServiceRequestError, ServiceResponseError)):
        return Unread(resource_id, "Azure gave no answer")
    return Unread(resource_id, said(error) if isinstance(error, AzureError) else "the answer is not JSON")


def _code(error: HttpResponseError) -> str | None:
    return getattr(error.error, "code", None)


def _reason(error: HttpResponseError) -> str:
    words = {401: "the sign-in is not valid for it", 403: "forbidden", 404: NOT_FOUND, 429: "throttled"}
    if error.status_code and 200 <= error.status_code < 300:
        return "the answer is not JSON"
    code = short(str(_code(error) or ""))
    status = words.get(error.status_code or 0, f"HTTP {error.status_code}")
    return f"{status} ({code})" if code else status
