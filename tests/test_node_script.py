from __future__ import annotations

import subprocess
from functools import partial
from pathlib import Path

import pytest

from azext_aksegress import node_script
from azext_aksegress.node_script import MOST, Question, Reply, can_ask, output
from azext_aksegress.nodes import LINUX, WINDOWS

MCR = Question("https://mcr.microsoft.com:443/")
SERVICE = Question("https://api.ipify.org/", tells=True, directly=True)
NONCE = "0a1b2c3d"
WHOLE = f"aksegress begin {NONCE}\naksegress 1 0 200\naksegress 2 0 52.0.0.2\naksegress end {NONCE}\n"
body, replies = partial(node_script.body, nonce=NONCE), partial(node_script.replies, nonce=NONCE)


class TestTheScript:
    def test_for_linux_is_a_shell_script(self) -> None:
        made = body(LINUX, [MCR], proxied=False)
        assert made["commandId"] == "RunShellScript"
        assert "asks 1 'https://mcr.microsoft.com:443/' &" in made["script"]

    def test_for_windows_is_a_powershell_script(self) -> None:
        made = body(WINDOWS, [MCR], proxied=False)
        assert made["commandId"] == "RunPowerShellScript"
        assert any("curl.exe" in line and line.endswith("'https://mcr.microsoft.com:443/'") for line in made["script"])

    @pytest.mark.parametrize("proxied", [False, True])
    def test_for_linux_is_read_by_a_posix_shell(self, proxied: bool) -> None:
        text = "\n".join(body(LINUX, [MCR, SERVICE], proxied)["script"])
        done = subprocess.run(["/bin/sh", "-n"], input=text, text=True, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")

    @pytest.mark.parametrize("system", [LINUX, WINDOWS])
    def test_writes_to_nothing_but_its_output(self, system: str) -> None:
        text = "\n".join(body(system, [MCR, SERVICE], proxied=True)["script"])
        allowed = text.replace("2>/dev/null", "").replace("-o /dev/null", "").replace("-o NUL", "")
        assert ">" not in allowed
        assert " -o " not in allowed

    def test_asks_by_the_proxy_of_the_cluster_only_where_it_has_one(self) -> None:
        with_one, without = ("\n".join(body(LINUX, [MCR], found)["script"]) for found in (True, False))
        assert "/etc/environment" in with_one
        assert "/etc/environment" not in without

    def test_reads_the_proxy_and_runs_nothing_of_the_file_that_names_it(self, tmp_path: Path) -> None:
        (tmp_path / "environment").write_text(
            'PATH="/nowhere"\nFOO=bar touch canary\nX=$(touch canary)\nHTTPS_PROXY="http://p:3128/"\nno_proxy=10.0.0.0/8,a'
        )
        lines = body(LINUX, [MCR], proxied=True)["script"]
        text = "\n".join(lines[: lines.index("done < /etc/environment") + 1]).replace("/etc", str(tmp_path))
        command = f"{text}\nset; ls"
        done = subprocess.run(["/bin/sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert "HTTPS_PROXY='http://p:3128/'" in done.stdout
        assert "no_proxy='10.0.0.0/8,a'" in done.stdout
        assert "canary" not in done.stdout.rpartition("_=")[2] and not (tmp_path / "canary").exists()
        assert "/nowhere" not in done.stdout.partition("PATH=")[2].partition("\n")[0]

    def test_passes_the_proxy_by_where_the_address_is_asked_for(self) -> None:
        (line,) = [found for found in body(LINUX, [SERVICE], proxied=True)["script"] if "api.ipify.org" in found]
        assert "--noproxy '*'" in line

    def test_takes_any_certificate_only_where_it_is_told_to(self) -> None:
        own = Question("https://aks.hcp.westeurope.azmk8s.io:443/", any_certificate=True)
        lines = body(LINUX, [own, MCR], proxied=False)["script"]
        assert [" -k " in found for found in lines if found.startswith("asks ")] == [True, False]

    @pytest.mark.parametrize(
        "url",
        [
            "https://mcr.microsoft.com'; reboot; '/",
            "https://$(reboot)/",
            "https://a.b/`id`",
            "https://a.b/\nreboot",
            "https://a.b/ -o /etc/passwd",
            "https://-o/",
            "https://*.data.mcr.microsoft.com:443/",
            "https://a.b:99999999/",
            "file:///etc/passwd",
            "https://user@a.b/",
            "https://a.b/?x=1",
            "https://localhost/",
            f"https://{'a.' * 200}b/",
        ],
    )
    def test_holds_no_url_that_means_anything_to_a_shell(self, url: str) -> None:
        assert not can_ask(url)
        for system in (LINUX, WINDOWS):
            with pytest.raises(ValueError, match="cannot be asked"):
                body(system, [Question(url)], proxied=False)

    def test_asks_no_more_than_fits_into_what_azure_brings_back(self) -> None:
        body(LINUX, [MCR] * MOST, proxied=False)
        with pytest.raises(ValueError, match="cannot be asked"):
            body(LINUX, [MCR] * (MOST + 1), proxied=False)
        longest = f"aksegress {MOST} 255 255.255.255.255\r\n"
        assert len(longest) * MOST + 40 < 4096


class TestTheScriptOnANode:
    """A real shell runs it, with a curl that notes its arguments and answers as the test says."""

    def run(self, folder: Path, curl: str, *questions: Question) -> str:
        tools, home = folder / "bin", folder / "home"
        tools.mkdir()
        home.mkdir()
        (tools / "curl").write_text(f"#!/bin/sh\n{curl}\n")
        (tools / "curl").chmod(0o755)
        text = "\n".join(body(LINUX, questions, proxied=False)["script"])
        environment = {"PATH": str(tools), "HOME": str(home)}
        done = subprocess.run(
            ["/bin/sh"], input=text, text=True, capture_output=True, env=environment, cwd=home, timeout=30, check=True
        )
        assert list(home.iterdir()) == []
        return done.stdout

    def test_says_each_status_by_number(self, tmp_path: Path) -> None:
        said = self.run(tmp_path, "printf 200", MCR, MCR)
        assert replies(said, 2) == {1: Reply(0, "200"), 2: Reply(0, "200")}

    def test_says_how_curl_ended(self, tmp_path: Path) -> None:
        assert replies(self.run(tmp_path, "printf 000; exit 28", MCR), 1) == {1: Reply(28, "000")}

    def test_says_the_address_that_a_service_told(self, tmp_path: Path) -> None:
        assert replies(self.run(tmp_path, "echo 52.0.0.2", SERVICE), 1) == {1: Reply(0, "52.0.0.2")}

    @pytest.mark.parametrize(
        "answer",
        [
            r"1.2.3.4\naksegress 1 0 9.9.9.9",
            "<html>52.0.0.2</html>",
            r"\033[2Jx",
            "1.2.3.4.5.6.7.8.9.10",
            "$(id)",
        ],
    )
    def test_says_nothing_for_a_service_that_says_more_than_an_address(self, tmp_path: Path, answer: str) -> None:
        assert replies(self.run(tmp_path, f"printf '%b' '{answer}'", SERVICE), 1) == {1: Reply(0, "")}

    def test_tells_that_there_is_no_curl(self, tmp_path: Path) -> None:
        said = self.run(tmp_path, "exit 127", MCR)
        assert replies(said, 1) == {1: Reply(127, "")}


class TestReplies:
    def test_are_those_to_each_question(self) -> None:
        assert replies(WHOLE, 2) == {1: Reply(0, "200"), 2: Reply(0, "52.0.0.2")}

    def test_may_have_other_text_around_them_and_the_line_ends_of_windows(self) -> None:
        assert replies(f"Enable succeeded: \n[stdout]\n{WHOLE}\n[stderr]\n".replace("\n", "\r\n"), 2)

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("", id="nothing"),
            pytest.param(WHOLE.partition("\n")[2], id="cut at the beginning"),
            pytest.param(WHOLE.rpartition("aksegress end")[0], id="cut at the end"),
            pytest.param(WHOLE.replace("aksegress 1 0 200\n", ""), id="one is missing"),
            pytest.param(WHOLE + WHOLE, id="twice"),
            pytest.param(WHOLE.replace(NONCE, "ffffffff"), id="of an earlier run"),
            pytest.param(WHOLE.replace("1 0 200", "1 0 200\naksegress 1 28 000"), id="one twice"),
            pytest.param(WHOLE.replace("aksegress 2", "aksegress 3"), id="of another question"),
            pytest.param(WHOLE.replace("52.0.0.2", "52.0.0.2 and more"), id="more in the line"),
            pytest.param(WHOLE.replace("0 200", "0 ٢٠٠"), id="other digits"),
        ],
    )
    def test_that_are_not_all_there_are_none(self, text: str) -> None:
        assert replies(text, 2) is None


class TestWhatAzureBringsBack:
    def test_is_the_messages_of_all_parts(self) -> None:
        assert output({"value": [{"message": "one"}, {"code": "x"}, {"message": "two"}]}) == "one\n\ntwo"

    @pytest.mark.parametrize("answer", [None, [], "text", {"value": "text"}, {"value": [None, 1]}])
    def test_that_is_nothing_of_the_kind_is_no_text(self, answer: object) -> None:
        assert output(answer) == ""
