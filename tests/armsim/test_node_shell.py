"""A script on a Linux node really runs, and reaches nothing but what the local Azure has for it."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from typing import Iterator

import pytest

from tests.armsim import node_shell
from tests.armsim.messages import Json

NETWORK: Json = {
    "windows": False,
    "addresses": ["203.0.113.9"],
    "hosts": {},
    "environment": {"https_proxy": "http://10.9.0.4:3128", "PATH": "/usr/bin"},
    "proxies": ["10.9.0.4"],
    "proxied": ["203.0.113.99"],
    "apiServer": {"names": [], "reached": False},
}


def run(script: str, *arguments: str, patience: float = 60) -> node_shell.Output:
    return node_shell.run(script, arguments, NETWORK, patience)


def out(script: str) -> str:
    return run(script).out.decode()


class TestTheShell:
    def test_is_a_real_one(self) -> None:
        script = "for name in a b; do\n  printf '%s ' \"$name\" | tr a-z A-Z\ndone\n[ 1 -lt 2 ] && echo yes"
        assert out(script) == "A B yes\n"

    def test_has_an_empty_folder(self) -> None:
        assert out("ls -A | wc -l").strip() == "0"

    def test_tells_what_is_left_in_that_folder(self) -> None:
        assert run("mkdir a; touch a/b").left_behind == ("a", "a/b")
        assert run("touch a; rm a").left_behind == ()

    def test_has_no_variables_but_its_path(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SECRET_OF_THIS_MACHINE", "1")
        names = {line.partition("=")[0] for line in out("env").splitlines()}
        assert names - {"PWD", "OLDPWD", "SHLVL", "_"} == {"PATH"}

    def test_hears_nothing_on_its_input(self) -> None:
        assert out("cat; echo end") == "end\n"

    def test_tells_what_it_does_not_know(self) -> None:
        assert b"not found" in run("nmap example.com").err

    def test_gets_what_it_is_given(self) -> None:
        assert run('echo "$1-$2"', "a b", "$(id)").out == b"a b-$(id)\n"

    def test_is_ended_with_all_that_it_began_when_it_takes_too_long(self) -> None:
        before = time.monotonic()
        assert run("echo begun; sleep 50 & sleep 50", patience=0.5).out == b"begun\n"
        assert time.monotonic() - before < 20

    def test_reads_the_node_s_own_environment(self) -> None:
        script = "set -a; . /etc/environment; curl -s https://api.ipify.org"
        network = {**NETWORK, "environment": {"https_proxy": "http://10.9.0.4:3128"}}
        assert node_shell.run(script, [], network, 60).out == b"203.0.113.99"

    def test_counts_addresses_right_while_many_ask_at_once(self) -> None:
        network = {**NETWORK, "addresses": ["203.0.113.1", "203.0.113.2"]}
        script = "for n in 1 2 3 4 5 6; do curl -s https://checkip.amazonaws.com & done; wait"
        seen = node_shell.run(script, [], network, 60).out.decode().split()
        assert sorted(seen) == ["203.0.113.1"] * 3 + ["203.0.113.2"] * 3


class TestNoWayOut:
    def test_a_path_that_comes_from_a_file_is_not_taken(self) -> None:
        found = run(". /etc/environment; curl -s https://example.com; echo end")
        assert (found.out, b"PATH" in found.err) == (b"", True)

    def test_curl_is_ours(self) -> None:
        assert out("command -v curl").strip().endswith("/programs/curl")
        assert out("curl -s https://api.ipify.org") == "203.0.113.9"

    def test_no_other_program_that_speaks_to_networks_is_there(self) -> None:
        names = "wget nc ncat python3 python perl ssh openssl dig nslookup getent socat telnet bash busybox"
        assert out(f"for name in {names}; do command -v $name; done") == ""

    @pytest.mark.parametrize(
        "script",
        [
            "/usr/bin/curl -s https://example.com",
            "cd /usr/bin && ./curl -s https://example.com",
            "PATH=/usr/local/sbin curl -s https://example.com",
            "unset PATH; curl -s https://example.com",
            "command -p curl -s https://example.com",
            "echo begun; : < /dev/tcp/127.0.0.1/80",
        ],
    )
    def test_a_script_that_names_another_way_is_not_run(self, script: str) -> None:
        found = run(script)
        assert (found.out, found.err.endswith(b"the nodes of the local Azure have no such thing\n")) == (b"", True)

    def test_a_comment_may_name_one(self) -> None:
        assert out("#!/bin/sh\n  # as /usr/bin/curl would\necho run") == "run\n"


@pytest.fixture
def listening() -> Iterator[tuple[int, list[str]]]:
    """A port of this machine, and who knocked on it."""
    server, knocks = socket.create_server(("127.0.0.1", 0)), []

    def listen() -> None:
        try:
            while True:
                knocks.append(str(server.accept()[1]))
        except OSError:
            return

    threading.Thread(target=listen, daemon=True).start()
    yield server.getsockname()[1], knocks
    server.close()


@pytest.mark.skipif(not node_shell.alone() or not shutil.which("curl"), reason="no network namespaces, or no curl")
def test_a_real_curl_found_by_stealth_finds_no_network(listening: tuple[int, list[str]]) -> None:
    port, knocks = listening
    hidden = "/usr/bi$(printf n)/curl"
    found = run(f"{hidden} -s -m 5 http://127.0.0.1:{port}; echo $?")
    assert (found.out.strip(), knocks) == (b"7", [])
