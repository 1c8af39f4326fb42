from collections.abc import Iterator

import pytest
from pytest_httpserver import HTTPServer

from tests.sources.servers import Sources


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
