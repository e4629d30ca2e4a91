"""A real az, with the built wheel in it, against a local Azure that each test furnishes anew."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Callable, Iterator

import pytest

from tests.armsim.arm import Arm
from tests.armsim.cli import Az
from tests.armsim.estate import Estate
from tests.armsim.server import LocalAzure
from tests.builders import Shop

ROOT = Path(__file__).parent.parent.parent
EXECUTABLES = {"2.91.0": ROOT / ".venv" / "bin" / "az", "2.56.0": ROOT / ".venv-2.56.0" / "bin" / "az"}
NEWEST = "2.91.0"


def pytest_configure() -> None:
    """A shell that runs the tests in the background has them ignore Ctrl-C, and every az that they start would too."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def wheel() -> Path:
    found = sorted((ROOT / "dist").glob("aksegress-*.whl"))
    if not found:
        pytest.fail("there is no wheel in dist: run `make test`, which builds it")
    return found[-1]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAzure]:
    with LocalAzure(Arm(Estate()), tmp_path_factory.mktemp("azure")) as running:
        yield running


@pytest.fixture(scope="session")
def prepared(server: LocalAzure, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Az]:
    """An az of a version, signed in and with the extension; each is prepared once."""
    made: dict[str, Az] = {}

    def prepare(version: str) -> Az:
        if not EXECUTABLES[version].exists():
            pytest.skip(f"az {version} is not installed here: it needs one of Python 3.8 to 3.11 (see Makefile)")
        if version not in made:
            az = Az(EXECUTABLES[version], tmp_path_factory.mktemp(f"az-{version}"), server)
            az.sign_in()
            az.add_extension(wheel)
            made[version] = az
        return made[version]

    return prepare


@pytest.fixture
def az(prepared: Callable[[str], Az]) -> Az:
    return prepared(NEWEST)


@pytest.fixture
def quick_az(az: Az) -> Iterator[Az]:
    """The newest az with a fast clock, for what waits by the minute."""
    az.fast_clock = True
    yield az
    az.fast_clock = False


@pytest.fixture(params=list(EXECUTABLES))
def each_az(request: pytest.FixtureRequest, prepared: Callable[[str], Az]) -> Az:
    return prepared(request.param)


@pytest.fixture
def serve(server: LocalAzure) -> Iterator[Callable[[Shop], Arm]]:
    """Have the local Azure answer for a shop; what it was asked is in the journal of the result."""

    def furnish(shop: Shop) -> Arm:
        server.arm = shop.arm
        return shop.arm

    yield furnish
    server.arm = Arm(Estate())
