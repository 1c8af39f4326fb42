"""The examples in docstrings, run as they are written, in an empty folder."""

import doctest
import importlib
import inspect
from collections.abc import Iterator
from contextlib import chdir

import pytest

import econnet
from econnet import api
from tests.user import ROOT

pytestmark = pytest.mark.usefixtures("light")

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "econnet").rglob("*.py")
    if "    >>> " in path.read_text("utf-8") or "\n>>> " in path.read_text("utf-8")
)


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Run in an empty folder, where no other test's models are."""
    folder = tmp_path_factory.mktemp("examples")
    with pytest.MonkeyPatch.context() as patch, chdir(folder):
        patch.setenv("ECONNET_DATA", str(folder / "data"))
        patch.setenv("ECONNET_REPORTS", str(folder / "reports"))
        yield


@pytest.mark.parametrize("name", MODULES)
def test_examples_give_what_they_show(name: str) -> None:
    module = importlib.import_module(name)
    tests = [test for test in doctest.DocTestFinder().find(module) if test.examples]
    assert tests
    for test in tests:
        log: list[str] = []
        runner = doctest.DocTestRunner(optionflags=OPTIONS, verbose=False)
        assert runner.run(test, out=log.append).failed == 0, "".join(log)


def test_every_public_function_has_an_example() -> None:
    public = [name for name in econnet.__all__ if hasattr(api, name)]
    public += [name for name in econnet.__all__ if name not in public]
    missing = [
        name
        for name in public
        if ">>> " not in (inspect.getdoc(getattr(econnet, name)) or "")
    ]
    assert missing == []
