"""curl, as a node of the local Azure has it: it reads from a file what the network carries, and sends nothing.

python curl.py NETWORK.json [what one gives to curl]

Options and exit codes are curl's own; an option that is not here ends with 2, as one that curl does not know.
It imports nothing but Python's own library: it runs as a program, without this package beside it.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

SHORT = {
    "q": "disable",
    "s": "silent",
    "S": "show-error",
    "f": "fail",
    "4": "ipv4",
    "6": "ipv6",
    "k": "insecure",
    "o": "output",
    "w": "write-out",
    "m": "max-time",
    "x": "proxy",
}
FLAGS = ("disable", "silent", "show-error", "fail", "ipv4", "ipv6", "insecure", "ssl-no-revoke")
VALUES = ("output", "write-out", "max-time", "connect-timeout", "max-filesize", "proxy", "noproxy")
NUMBERS = ("max-time", "connect-timeout", "max-filesize")
ECHOES = {"api.ipify.org": "", "checkip.amazonaws.com": "\n"}
"""The hosts that tell the address which they see, and what comes after it."""
METADATA = "169.254.169.254"
PAGE = b"<!doctype html><html><head><title>a page</title></head><body>" + b"<p>text</p>" * 100 + b"</body></html>\n"
UNAUTHORIZED = b'{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Unauthorized","code":401}\n'


class Failed(Exception):
    """curl's exit code, and the sentence that goes with it."""

    def __init__(self, code: int, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


class Usage(Exception):
    """What ends with 2 before anything is asked."""


class Command(NamedTuple):
    """What was given: options by their long names, `output` and URLs in their order."""

    options: dict[str, str]
    outputs: list[str]
    urls: list[str]


def parse(words: list[str]) -> Command:
    command = Command({}, [], [])
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word.startswith("--") and len(word) > 2:
            _set(command, word, word[2:], None, rest)
        elif word.startswith("-") and len(word) > 1:
            _letters(command, word, rest)
        else:
            command.urls.append(word)
    if not command.urls:
        raise Usage("curl: no URL specified!")
    return command


def _letters(command: Command, word: str, rest: list[str]) -> None:
    """`-sSo FILE`: what follows a letter that takes a value is that value."""
    letters = word[1:]
    while letters:
        name, letters = SHORT.get(letters[0], letters[0]), letters[1:]
        if name in VALUES:
            _set(command, word, name, letters or None, rest)
            return
        _set(command, word, name, None, rest)


def _set(command: Command, word: str, name: str, value: str | None, rest: list[str]) -> None:
    if name not in (*FLAGS, *VALUES):
        raise Usage(f"curl: option {word}: is unknown")
    if name in VALUES and value is None:
        if not rest:
            raise Usage(f"curl: option {word}: requires parameter")
        value = rest.pop(0)
    if name in NUMBERS and not re.fullmatch(r"\d+" if name == "max-filesize" else r"\d+(\.\d+)?", value or ""):
        raise Usage(f"curl: option {word}: expected a proper numerical parameter")
    if name == "output":
        command.outputs.append(value or "")
    command.options[name] = value or ""
    for one, other in (("ipv4", "ipv6"), ("ipv6", "ipv4")):
        if name == one:
            command.options.pop(other, None)


def split(url: str) -> SplitResult:
    found = urlsplit(url if "://" in url else f"http://{url}")
    if found.scheme.lower() not in ("http", "https"):
        raise Failed(1, f'Protocol "{found.scheme}" not supported or disabled in libcurl')
    if not found.hostname or re.search(r"[\s{}\[\]]", url):
        raise Failed(3, "URL using bad/illegal format or missing URL")
    return found


class Node:
    """The network that one node sees; `folder` is where the count of addresses that were told is kept."""

    def __init__(self, network: dict[str, Any], folder: Path) -> None:
        self.network = network
        self.folder = folder

    def ask(self, options: dict[str, str], url: str) -> tuple[int, bytes]:
        """Status and body of the answer; raises Failed."""
        found = split(url)
        host = (found.hostname or "").lower()
        proxy = options["proxy"] if "proxy" in options else _variable(f"{found.scheme.lower()}_proxy", "all_proxy")
        passed_by = options["noproxy"] if "noproxy" in options else _variable("no_proxy")
        if not proxy or _is_passed_by(host, passed_by):
            self._pass(options, found, 6)
            return self._answer(options, found, host)
        self._pass(options, split(proxy), 5)
        return Node({**self.network, "addresses": self.network["proxied"]}, self.folder)._answer(options, found, host)

    def _pass(self, options: dict[str, str], url: SplitResult, unresolved: int) -> None:
        """Name, connection and TLS to a host, or to the proxy before it."""
        host, https = (url.hostname or "").lower(), url.scheme.lower() == "https"
        code = self._code(options, host)
        if code == 6:
            what = "proxy" if unresolved == 5 else "host"
            raise Failed(unresolved, f"Could not resolve {what}: {host}")
        if code in (7, 28):
            why = "Connection refused" if code == 7 else "Connection timed out"
            raise Failed(code, f"Failed to connect to {host} port {url.port or (443 if https else 80)}: {why}")
        if code == 60 and https and "insecure" not in options:
            raise Failed(60, "SSL certificate problem: unable to get local issuer certificate")
        if code == 35 and https:
            raise Failed(35, f"OpenSSL SSL_connect: Connection reset by peer in connection to {host}:443")
        if code not in (0, 35, 60):
            raise Failed(code, f"curl ended with {code}")

    def _code(self, options: dict[str, str], host: str) -> int:
        said = self.network["hosts"].get(host)
        if said is not None:
            return int(said) if said < 100 else 0
        if host in self.network["proxies"]:
            return 0
        if host in self.network["apiServer"]["names"]:
            return 60 if self.network["apiServer"]["reached"] else 28
        if host == METADATA:
            return 0
        outside = _is_public(host)
        if outside is None:
            return 6
        if not outside or not self.network["addresses"]:
            return 28
        if not self._addresses(options, host):
            return 6 if host in ECHOES and "ipv6" in options else 7
        return 0

    def _addresses(self, options: dict[str, str], host: str) -> list[str]:
        """Those from which a host is reached; the two that tell addresses are on IPv4 alone."""
        versions = {4} if "ipv4" in options or host in ECHOES else {6} if "ipv6" in options else {4, 6}
        versions -= {4} if "ipv6" in options else set()
        return [found for found in self.network["addresses"] if ipaddress.ip_address(found).version in versions]

    def _answer(self, options: dict[str, str], url: SplitResult, host: str) -> tuple[int, bytes]:
        said = self.network["hosts"].get(host, 0)
        if said >= 100:
            return int(said), PAGE
        if host in self.network["apiServer"]["names"]:
            return 401, UNAUTHORIZED
        if host == METADATA:
            return 400, b'{"error":"Bad request. Required metadata header not specified"}'
        if host in ECHOES:
            address = self._next(self._addresses(options, host))
            text = json.dumps({"ip": address}) if "format=json" in url.query else address + ECHOES[host]
            return 200, text.encode()
        return 200, PAGE

    def _next(self, addresses: list[str]) -> str:
        """One after the other, as from a gateway with more than one."""
        with (self.folder / "told").open("ab", buffering=0) as count:  # appending counts right beside other curls
            count.write(b".")
            return addresses[(count.tell() - 1) % len(addresses)]


def _variable(*names: str) -> str:
    """A variable of the environment; that of HTTP in small letters alone, as curl has it since CGI scripts."""
    spelled = [row for name in names for row in ([name] if name == "http_proxy" else [name, name.upper()])]
    return next((os.environ[name] for name in spelled if os.environ.get(name)), "")


def _is_passed_by(host: str, names: str) -> bool:
    rows = [row.strip().lstrip(".").lower() for row in names.split(",")]
    return names == "*" or any(row and (host == row or host.endswith(f".{row}")) for row in rows)


def _is_public(host: str) -> bool | None:
    """Whether a host is on the internet; None for a name that no name server knows."""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return True if re.fullmatch(r"([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)+[a-z0-9-]+\.?", host) else None


def written_out(template: str, status: int, code: int, message: str) -> str:
    """A `-w` format; what curl does not know in it is left out."""
    known = {"http_code": f"{status:03}", "response_code": f"{status:03}", "exitcode": str(code), "errormsg": message}
    escapes = {"\\n": "\n", "\\t": "\t", "\\r": "\r", "%%": "%"}

    def told(found: re.Match[str]) -> str:
        return escapes.get(found[0]) or known.get(found[1] or "", "")

    return re.sub(r"%\{([^}]*)\}|%%|\\[ntr]", told, template)


def transfer(node: Node, options: dict[str, str], url: str, output: str) -> int:
    """One URL: its body, then what `-w` asks for; the exit code."""
    status, code, message = 0, 0, ""
    try:
        status, body = node.ask(options, url)
        if "fail" in options and status >= 400:
            raise Failed(22, f"The requested URL returned error: {status}")
        if len(body) > int(options.get("max-filesize") or len(body)):
            raise Failed(63, "Maximum file size exceeded")
        _save(body, output, node.network["windows"])
    except Failed as failed:
        code, message = failed.code, failed.message
    sys.stdout.buffer.write(written_out(options.get("write-out", ""), status, code, message).encode())
    sys.stdout.buffer.flush()
    if code and ("silent" not in options or "show-error" in options):
        sys.stderr.write(f"curl: ({code}) {message}\n")
    return code


def _save(body: bytes, output: str, windows: bool) -> None:
    if windows and output.upper() == "NUL":
        return
    if output in ("", "-"):
        sys.stdout.buffer.write(body)
        return
    try:
        Path(output).write_bytes(body)
    except OSError:
        raise Failed(23, "Failure writing output to destination") from None


def main(words: list[str]) -> int:
    file = Path(words[0])
    node = Node(json.loads(file.read_text(encoding="utf-8")), file.parent)
    try:
        command = parse(words[1:])
    except Usage as usage:
        sys.stderr.write(f"{usage}\ncurl: try 'curl --help' or 'curl --manual' for more information\n")
        return 2
    outputs = command.outputs + [""] * len(command.urls)
    return [transfer(node, command.options, url, outputs[at]) for at, url in enumerate(command.urls)][-1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
