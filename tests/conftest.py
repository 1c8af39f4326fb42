from collections.abc import Iterator

import pytest
from hypothesis import settings
from pytest_httpserver import HTTPServer

from tests.sources.servers import Sources

# How long an example takes says more of the machine than of the code.
settings.register_profile("econnet", deadline=None)
# For runs that repeat the suite, or trace it: pytest --hypothesis-profile few.
settings.register_profile("few", deadline=None, max_examples=3, derandomize=True)
settings.load_profile("econnet")


@pytest.fixture(scope="session")
def running_server() -> Iterator[HTTPServer]:
    with HTTPServer(threaded=True) as running:
        yield running


@pytest.fixture
def server(running_server: HTTPServer) -> HTTPServer:
    running_server.clear()
    return running_server


@pytest.fixture
def sources(server: HTTPServer) -> Sources:
    return Sources(server)
