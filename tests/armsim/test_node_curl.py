"""The curl of a node has curl's options and exit codes, and asks nobody but the file that it is given."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.armsim.node_shell import Place

API = "aks-shop.hcp.westeurope.azmk8s.io"
CODE = "%{http_code}"


class Curl:
    """A curl in a folder of its own, on a network that a test says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.network: dict[str, Any] = {
            "windows": False,
            "addresses": ["203.0.113.9"],
            "hosts": {},
            "environment": {},
            "proxies": ["10.9.0.4"],
            "proxied": ["203.0.113.99"],
            "apiServer": {"names": [API], "reached": True},
        }

    def __call__(self, *words: str, **variables: str) -> tuple[int, str, str]:
        place = Place(self.folder, self.network)
        ended = subprocess.run(
            [*place.curl, *words], cwd=place.work, env=variables, capture_output=True, text=True, check=False
        )
        self.files = {found.name: found.read_text() for found in place.work.iterdir()}
        self.folder = self.folder / "next"
        self.folder.mkdir()
        return ended.returncode, ended.stdout, ended.stderr

    def status(self, url: str, *words: str) -> tuple[int, str]:
        """Exit code, and what curl tells of the status."""
        code, out, _ = self("-s", "-o", "/dev/null", "-w", CODE, *words, url)
        return code, out


@pytest.fixture
def curl(tmp_path: Path) -> Curl:
    return Curl(tmp_path)


class TestTheInternet:
    @pytest.mark.parametrize("url", ["https://mcr.microsoft.com", "http://mcr.microsoft.com/v2/", "mcr.microsoft.com"])
    def test_answers(self, curl: Curl, url: str) -> None:
        assert curl.status(url) == (0, "200")

    def test_is_not_reached_without_an_address(self, curl: Curl) -> None:
        curl.network["addresses"] = []
        assert curl.status("https://mcr.microsoft.com") == (28, "000")

    def test_knows_no_names_with_wildcards_or_without_a_dot(self, curl: Curl) -> None:
        assert curl.status("https://*.data.mcr.microsoft.com") == (6, "000")
        assert curl.status("https://localhost") == (6, "000")

    def test_has_no_private_addresses(self, curl: Curl) -> None:
        assert curl.status("https://10.0.0.4") == (28, "000")
        assert curl.status("https://20.1.2.3") == (0, "200")

    def test_tells_the_address_that_it_sees(self, curl: Curl) -> None:
        assert curl("-s", "https://api.ipify.org")[1] == "203.0.113.9"
        assert curl("-s", "https://checkip.amazonaws.com/")[1] == "203.0.113.9\n"
        assert curl("-s", "https://api.ipify.org?format=json")[1] == '{"ip": "203.0.113.9"}'

    def test_tells_one_after_the_other_of_several_addresses(self, curl: Curl) -> None:
        curl.network["addresses"] = ["203.0.113.1", "203.0.113.2"]
        urls = ["https://checkip.amazonaws.com"] * 3
        assert curl("-s", *urls)[1] == "203.0.113.1\n203.0.113.2\n203.0.113.1\n"

    def test_has_two_versions(self, curl: Curl) -> None:
        curl.network["addresses"] = ["203.0.113.1", "2603:1020::1"]
        assert curl("-s", "https://checkip.amazonaws.com")[1] == "203.0.113.1\n"
        assert [curl.status("https://mcr.microsoft.com", flag) for flag in ("-4", "-6")] == [(0, "200")] * 2
        curl.network["addresses"] = ["203.0.113.1"]
        assert curl.status("https://mcr.microsoft.com", "-6") == (7, "000")
        assert curl.status("https://api.ipify.org", "-6") == (6, "000")

    def test_the_metadata_service_is_on_the_node(self, curl: Curl) -> None:
        curl.network["addresses"] = []
        assert curl.status("http://169.254.169.254/metadata/instance") == (0, "400")


class TestWhatATestSaysOfAHost:
    @pytest.mark.parametrize("code", [6, 7, 28, 35, 60])
    def test_ends_with_the_exit_code(self, curl: Curl, code: int) -> None:
        curl.network["hosts"] = {"mcr.microsoft.com": code}
        assert curl.status("https://MCR.microsoft.com") == (code, "000")
        assert curl.status("https://packages.microsoft.com") == (0, "200")

    def test_tls_goes_wrong_on_https_alone_and_a_certificate_unless_it_is_trusted(self, curl: Curl) -> None:
        curl.network["hosts"] = {"a.example": 60, "b.example": 35}
        assert curl.status("https://a.example", "-k") == (0, "200")
        assert curl.status("https://b.example", "-k") == (35, "000")
        assert [curl.status(f"http://{name}.example") for name in "ab"] == [(0, "200")] * 2

    def test_answers_with_the_status(self, curl: Curl) -> None:
        curl.network["hosts"] = {"api.ipify.org": 403}
        code, out, _ = curl("-s", "https://api.ipify.org")
        assert (code, "<html>" in out) == (0, True)
        assert curl.status("https://api.ipify.org") == (0, "403")
        assert curl.status("https://api.ipify.org", "-f") == (22, "403")

    def test_counts_before_what_follows_from_the_estate(self, curl: Curl) -> None:
        curl.network.update(hosts={API: 28, "open.example": 200}, addresses=[])
        assert curl.status(f"https://{API}", "-k") == (28, "000")
        assert curl.status("https://open.example") == (0, "200")


class TestTheApiServer:
    def test_has_a_certificate_of_its_own(self, curl: Curl) -> None:
        assert curl.status(f"https://{API}:443/healthz") == (60, "000")
        assert curl.status(f"https://{API}:443/healthz", "-k") == (0, "401")

    def test_may_be_out_of_reach(self, curl: Curl) -> None:
        curl.network["apiServer"]["reached"] = False
        assert curl.status(f"https://{API}", "-k") == (28, "000")


class TestOptions:
    @pytest.mark.parametrize(
        "words",
        [
            ["-q", "-sS", "-4", "-k", "--connect-timeout", "5", "--max-time", "10", "--noproxy", "*"],
            ["-qsSfk4", "-m", "2.5"],
            ["-m5", "--silent", "--show-error", "--fail", "--ipv4", "--insecure"],
            ["--ssl-no-revoke", "--proxy", ""],
            ["--max-filesize", "65536"],
        ],
    )
    def test_are_spelled_as_curl_s_are(self, curl: Curl, words: list[str]) -> None:
        assert curl.status("https://mcr.microsoft.com", *words) == (0, "200")

    @pytest.mark.parametrize(
        "words",
        [
            ["--anything"],
            ["-Z"],
            ["-sZ"],
            ["--max-time=5"],
            ["--max-time", "soon"],
            ["--max-filesize", "1.5"],
            ["https://a.example", "-o"],
            [],
        ],
    )
    def test_that_curl_does_not_know_or_cannot_use_end_with_2(self, curl: Curl, words: list[str]) -> None:
        code, out, err = curl(*words, *(["https://a.example"] if words and words[-1] != "-o" else []))
        assert (code, out, err.startswith("curl: ")) == (2, "", True)

    def test_output_goes_to_a_file(self, curl: Curl) -> None:
        assert curl("-s", "-ofile", "https://api.ipify.org") == (0, "", "")
        assert curl.files == {"file": "203.0.113.9"}
        assert curl("-s", "-o", "no/such/folder", "https://api.ipify.org")[0] == 23

    def test_nul_is_nowhere_on_windows_and_a_file_elsewhere(self, curl: Curl) -> None:
        curl("-s", "-o", "NUL", "https://api.ipify.org")
        assert "NUL" in curl.files
        curl.network["windows"] = True
        assert curl("-s", "-o", "NUL", "https://api.ipify.org") == (0, "", "")
        assert curl.files == {}

    def test_a_body_that_is_too_large_is_left_out(self, curl: Curl) -> None:
        code, out, _ = curl("-s", "--max-filesize", "64", "-w", CODE, "https://mcr.microsoft.com")
        assert (code, out) == (63, "200")
        assert curl("-s", "--max-filesize", "64", "https://api.ipify.org")[1] == "203.0.113.9"

    def test_what_is_written_out_has_a_format(self, curl: Curl) -> None:
        words = ("-s", "-o", "/dev/null", "-w", r"a%{http_code}\t%{exitcode}\n%%%{nothing}", "https://a.example")
        assert curl(*words)[1] == "a200\t0\n%"

    def test_errors_are_told_unless_it_is_silent(self, curl: Curl) -> None:
        curl.network["hosts"] = {"a.example": 6}
        told = "curl: (6) Could not resolve host: a.example\n"
        assert [curl(*flags, "https://a.example")[2] for flags in ([], ["-s"], ["-sS"])] == [told, "", told]

    @pytest.mark.parametrize(("url", "code"), [("ftp://a.example", 1), ("https://", 3), ("https://a.example/{b}", 3)])
    def test_urls_must_be_such(self, curl: Curl, url: str, code: int) -> None:
        assert curl(url)[0] == code


class TestProxies:
    PROXY = ("-x", "http://proxy.example:3128")

    def test_are_reached_in_the_place_of_a_host(self, curl: Curl) -> None:
        curl.network["hosts"] = {"mcr.microsoft.com": 28, "proxy.example": 200}
        assert curl.status("https://mcr.microsoft.com", *self.PROXY) == (0, "200")
        assert curl.status("https://mcr.microsoft.com", *self.PROXY, "--noproxy", "microsoft.com") == (28, "000")
        assert curl.status("https://mcr.microsoft.com", *self.PROXY, "--noproxy", "*") == (28, "000")

    def test_that_have_no_address_end_with_5(self, curl: Curl) -> None:
        curl.network["hosts"] = {"proxy.example": 6}
        assert curl.status("https://mcr.microsoft.com", *self.PROXY) == (5, "000")

    def test_of_the_cluster_are_reached_without_a_way_out_and_have_an_address_of_their_own(self, curl: Curl) -> None:
        curl.network["addresses"] = []
        assert curl("-s", "-x", "http://10.9.0.4:3128", "https://api.ipify.org")[1] == "203.0.113.99"

    @pytest.mark.parametrize(
        ("name", "url", "used"),
        [
            ("https_proxy", "https://api.ipify.org", True),
            ("HTTPS_PROXY", "https://api.ipify.org", True),
            ("http_proxy", "http://api.ipify.org", True),
            ("HTTP_PROXY", "http://api.ipify.org", False),
            ("http_proxy", "https://api.ipify.org", False),
        ],
    )
    def test_are_in_the_environment(self, curl: Curl, name: str, url: str, used: bool) -> None:
        proxy = {name: "http://10.9.0.4:3128"}
        assert (curl("-s", url, **proxy)[1] == "203.0.113.99") is used

    def test_of_the_environment_are_passed_by_where_that_is_said(self, curl: Curl) -> None:
        proxy, url = {"https_proxy": "http://10.9.0.4:3128"}, "https://api.ipify.org"
        assert curl("-s", url, no_proxy="a.example,.ipify.org", **proxy)[1] == "203.0.113.9"
        assert curl("-s", "--noproxy", "*", url, **proxy)[1] == "203.0.113.9"
        assert curl("-s", "--noproxy", "a.example", url, no_proxy="*", **proxy)[1] == "203.0.113.99"
        assert curl("-s", "--proxy", "", url, **proxy)[1] == "203.0.113.9"
