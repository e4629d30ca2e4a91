"""The few sentences of PowerShell that a Windows node of the local Azure understands."""

from __future__ import annotations

import pytest

from tests.armsim.node_caller import WINDOWS, Nodes


@pytest.fixture
def azure() -> Nodes:
    azure = Nodes(osType="Windows")
    azure.hooks.sees = "203.0.113.9"
    return azure


def printed(azure: Nodes, *lines: str) -> tuple[str, str]:
    return azure.printed(*lines, command=WINDOWS)


def test_text_is_output_with_its_variables(azure: Nodes) -> None:
    lines = ["# nothing", "", "$Host_1 = 'it''s'", "'a $host_1'", '"b $host_1 $none."']
    assert printed(azure, *lines) == ("a $host_1\nb it's .", "")


def test_curl_runs_and_tells_its_exit_code(azure: Nodes) -> None:
    azure.hooks.unreachable("mcr.microsoft.com", 60)
    lines = [
        "$address = curl.exe -s https://api.ipify.org",
        '"$address $LASTEXITCODE"',
        "$code = \"$(curl.exe -q -s -k -o NUL -w '%{http_code}' --ssl-no-revoke https://mcr.microsoft.com)\"",
        '"$code $LASTEXITCODE"',
        "$code = \"$(curl.exe -s -o NUL -w '%{http_code}' 'https://mcr.microsoft.com')\"",
        '"$code $LASTEXITCODE"',
    ]
    assert printed(azure, *lines) == ("203.0.113.9 0\n200 0\n000 60", "")


def test_lines_of_a_program_become_one_line_in_a_string(azure: Nodes) -> None:
    lines = ["$seen = curl.exe -s -w '\\nb\\n' https://checkip.amazonaws.com", '"[$seen]"']
    assert printed(azure, *lines)[0] == "[203.0.113.9  b]"


def test_what_curl_complains_of_is_on_the_other_stream(azure: Nodes) -> None:
    azure.hooks.unreachable("mcr.microsoft.com", 6)
    assert printed(azure, "$x = curl.exe -sS https://mcr.microsoft.com")[1].startswith("curl: (6) ")


def test_an_empty_argument_is_not_handed_over(azure: Nodes) -> None:
    lines = ["$x = curl.exe -s -o NUL -w '%{http_code}' https://mcr.microsoft.com --proxy ''", '"$x $LASTEXITCODE"']
    out, err = printed(azure, *lines)
    assert (out, "requires parameter" in err) == (" 2", True)


@pytest.mark.parametrize(
    "line",
    [
        "Get-Date",
        "Invoke-WebRequest https://mcr.microsoft.com",
        "$x = Get-Date",
        "$x = 'a' + 'b'",
        "$x = $y",
        "$x = curl https://mcr.microsoft.com",
        "$x = curl.exe $url",
        "$x = curl.exe -w %{http_code} https://mcr.microsoft.com",
        "$x = curl.exe -w 'a\"b' https://mcr.microsoft.com",
        "$x = curl.exe https://mcr.microsoft.com; 'b'",
        "curl.exe https://mcr.microsoft.com",
        '"a $(Get-Date)"',
        '"a `n"',
        '"$x: a"',
        '"${x}"',
        "'a'; 'b'",
        "'a' | Out-Null",
        "if ($x) { 'a' }",
    ],
)
def test_anything_else_is_not_recognized_and_ends_the_script(azure: Nodes, line: str) -> None:
    out, err = printed(azure, "'before'", line, "'after'")
    assert (out, "is not recognized as the name of a cmdlet" in err) == ("before", True)


def test_parameters_are_not_understood(azure: Nodes) -> None:
    parameters = [{"name": "a", "value": "b"}]
    out, err = azure.printed("'a'", command=WINDOWS, parameters=parameters)
    assert (out, err.startswith("b : ")) == ("", True)
