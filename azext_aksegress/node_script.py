"""What runs on a node that is asked about its egress, and what it answers. Pure.

The script asks with curl, which AKS's node images have, on Windows as curl.exe (since Windows Server 2019); it writes
no file, changes no setting, and leaves nothing behind. Each question becomes one line of the answer:

    aksegress <number of the question> <exit code of curl> <HTTP status, or the address that a service told>

The first and the last line say `aksegress begin` and `aksegress end`, with a word of this run: Azure brings back only
the last 4,096 bytes, and what was cut short, or is of an earlier run, must not look whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Mapping, Sequence

from azext_aksegress import arm
from azext_aksegress.arm import Json
from azext_aksegress.nodes import WINDOWS

MOST = 60
"""Questions in one script: their answers fit into what Azure brings back."""
CONNECT, ANSWER = 5, 10
"""Seconds to connect, and to answer at all. On Linux all questions are asked at once, on Windows one by one."""

_NAME = r"(?=[^/:]{1,253}(?::|/|$))[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+"
_URL = re.compile(rf"https?://{_NAME}(?::[1-9]\d{{0,4}})?(?:/[\w.~/-]*)?", re.I | re.A)
"""What may stand in a script: nothing in it means anything to a shell, though names come from Azure's answers."""
_LINE = re.compile(r"aksegress (\d{1,3}) (\d{1,3}) ?([0-9.]{0,15})", re.A)
_BEGIN, _END = "aksegress begin", "aksegress end"


@dataclass(frozen=True)
class Question:
    """One URL that is asked for its status, or, where it `tells` that, for the address that the caller has.

    `directly` passes the HTTP proxy of the cluster by; `any_certificate` is for what has a certificate of its own.
    """

    url: str
    tells: bool = False
    directly: bool = False
    any_certificate: bool = False


@dataclass(frozen=True)
class Reply:
    """How curl ended, and what it brought: an HTTP status (000 where there was none), or an address."""

    status: int
    said: str


def can_ask(url: str) -> bool:
    """Whether an URL names a host and nothing that a shell would understand."""
    return bool(_URL.fullmatch(url))


def body(system: str, questions: Sequence[Question], proxied: bool, nonce: str) -> Json:
    """The run command that asks some questions on a node; `proxied` where the cluster has an HTTP proxy. The `nonce` is
    said back, so that the output of an earlier command is never taken for the answer to this one."""
    if len(questions) > MOST or not all(can_ask(question.url) for question in questions):
        raise ValueError("these questions cannot be asked")
    numbered = list(enumerate(questions, start=1))
    if system == WINDOWS:
        lines = [line for row in numbered for line in _on_windows(*row)]
        said = [_WHAT, f"'{_BEGIN} {nonce}'", *lines, f"'{_END} {nonce}'"]
        return {"commandId": "RunPowerShellScript", "script": said}
    proxy = _PROXY if proxied else ()
    asked = [f"{'sees' if row.tells else 'asks'} {number} {_arguments(row)} &" for number, row in numbered]
    lines = [_WHAT, *proxy, *_LINUX, f"echo '{_BEGIN} {nonce}'", *asked, "wait", f"echo '{_END} {nonce}'"]
    return {"commandId": "RunShellScript", "script": lines}


_WHAT = "# The probe of az aks egress: asks some addresses, writes nothing, changes nothing."
_PROXY = (
    "while IFS='=' read -r name value || [ -n \"$name\" ]; do",
    '  value=${value#\\"}; value=${value%\\"}',
    '  case "$name" in http_proxy|https_proxy|no_proxy|HTTP_PROXY|HTTPS_PROXY|NO_PROXY) export "$name=$value" ;; esac',
    "done < /etc/environment",
)
"""AKS puts the HTTP proxy of a cluster there (AKS documentation, http-proxy.md, 2026-04-16). The file is pam_env's and
no shell script, so it is read, and never run."""
_LIMITS = f"--connect-timeout {CONNECT} --max-time {ANSWER}"
_STATUS = "-w '%{http_code}'"
_ADDRESS = "-f -4 --max-filesize 100"
_LINUX = (
    "asks() {",
    "  number=$1; shift",
    f'  said=$(curl -q -s -o /dev/null {_STATUS} {_LIMITS} "$@" 2>/dev/null)',
    '  echo "aksegress $number $? $said"',
    "}",
    "sees() {",
    "  number=$1; shift",
    f'  said=$(curl -q -s {_ADDRESS} {_LIMITS} "$@" 2>/dev/null); status=$?',
    '  case "$said" in *[!0-9.]*) said= ;; esac',
    '  [ "${#said}" -le 15 ] || said=',
    '  echo "aksegress $number $status $said"',
    "}",
)


def _on_windows(number: int, question: Question) -> tuple[str, str]:
    how = _ADDRESS if question.tells else f"-o NUL {_STATUS}"
    # Windows asks lists of withdrawn certificates on the way, which a filtered egress need not let through.
    asked = f"curl.exe -q -s {how} --ssl-no-revoke {_LIMITS} {_arguments(question)}"
    return f"$said = {asked}", f'"aksegress {number} $LASTEXITCODE $said"'


def _arguments(question: Question) -> str:
    more = ["--noproxy '*'"] if question.directly else []
    more += ["-k"] if question.any_certificate else []
    return " ".join([*more, f"'{question.url}'"])


def output(answer: Any) -> str:
    """The text that Azure brings back of a script, as the answers to run commands on Linux and Windows have it."""
    return "\n".join(arm.text(row, "message") or "" for row in arm.objects(answer, "value"))


def replies(text: str, number: int, nonce: str) -> Mapping[int, Reply] | None:
    """The replies to so many questions in a node's output, or None where they are not all there, or not once, or of
    another run."""
    lines = [line.strip() for line in text.split("\n")]
    if lines.count(f"{_BEGIN} {nonce}") != 1 or lines.count(f"{_END} {nonce}") != 1:
        return None
    found = [match for match in map(_LINE.fullmatch, lines) if match]
    by_number = {int(row[1]): Reply(int(row[2]), row[3]) for row in found}
    return by_number if len(found) == number and set(by_number) == set(range(1, number + 1)) else None
