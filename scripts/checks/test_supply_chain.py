"""What econnet rests on is pinned, and nothing of it runs what a stranger wrote."""

import ast
import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts import lock

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

PIN = re.compile(r"^([\w.-]+)==([\w.+]+)(?: ; (.+?))? \\$", re.MULTILINE)
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")

SOURCES = [
    *sorted((ROOT / "econnet").rglob("*.py")),
    *sorted((ROOT / "scripts").rglob("*.py")),
    *sorted((ROOT / "benchmarks").glob("*.py")),
]


def wanted(extras: tuple[str, ...]) -> list[Requirement]:
    """Return what pyproject.toml asks for, with some of its extras."""
    texts = list(PROJECT["dependencies"])
    for extra in extras:
        texts += PROJECT["optional-dependencies"][extra]
    return [Requirement(text) for text in texts]


def pinned(path: Path) -> dict[str, list[Requirement]]:
    """Return the pins of a lock file by name, one each for some Pythons or systems."""
    pins: dict[str, list[Requirement]] = {}
    for name, version, marker in PIN.findall(path.read_text("utf-8")):
        pin = Requirement(f"{name}=={version}" + (f"; {marker}" if marker else ""))
        pins.setdefault(canonicalize_name(name), []).append(pin)
    return pins


def version_of(pin: Requirement) -> str:
    (specifier,) = pin.specifier
    return specifier.version


FILES = [
    pytest.param(lock.LOCK, (), id="lock"),
    pytest.param(lock.LOCK_ALL, ("adjust", "cluster", "mcp"), id="lock-all"),
]
CURE = "write it again: python scripts/lock.py"


@pytest.mark.parametrize(
    ("path", "extras"), FILES, ids=lambda it: getattr(it, "name", "")
)
def test_lock_holds_all_that_is_asked_for(path: Path, extras: tuple[str, ...]) -> None:
    pins = pinned(path)
    for requirement in wanted(extras):
        found = pins.get(canonicalize_name(requirement.name), [])
        assert found, f"{requirement.name} is not in {path.name}; {CURE}"
        for pin in found:
            fits = requirement.specifier.contains(version_of(pin), prereleases=True)
            assert fits, f"{pin} is not {requirement}; {CURE}"


@pytest.mark.parametrize(
    ("path", "extras"), FILES, ids=lambda it: getattr(it, "name", "")
)
def test_lock_holds_what_its_packages_ask_for_in_turn(
    path: Path, extras: tuple[str, ...]
) -> None:
    """As far as they are installed here in the version that is locked."""
    pins, seen = pinned(path), 0
    for name, found in pins.items():
        try:
            installed = distribution(name)
        except PackageNotFoundError:
            continue
        if installed.version not in {version_of(pin) for pin in found}:
            continue
        seen += 1
        for text in installed.requires or ():
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                inside = canonicalize_name(needed.name) in pins
                assert inside, f"{name} needs {needed.name}; {CURE}"
    assert seen >= len(wanted(extras)) // 2


@pytest.mark.parametrize("path", [lock.LOCK, lock.LOCK_ALL], ids=lambda it: it.name)
def test_every_pin_has_digests_and_names_no_place_to_get_it_from(path: Path) -> None:
    text = path.read_text("utf-8")
    entries = re.split(r"\n(?=\S)", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))
    assert len(entries) == sum(map(len, pinned(path).values())) > 40
    for entry in entries:
        assert PIN.match(entry), entry[:80]
        assert HASH.search(entry), entry[:80]
    assert "://" not in text
    assert " @ " not in text


def test_extras_are_locked_on_the_versions_of_the_rest() -> None:
    rest, everything = pinned(lock.LOCK), pinned(lock.LOCK_ALL)
    for name, found in rest.items():
        assert {version_of(it) for it in found} <= {
            version_of(it) for it in everything[name]
        }


# Modules that run what they read, and calls that do.
DANGEROUS_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve"}
DANGEROUS_CALLS = {"eval", "exec", "compile", "__import__"}
DANGEROUS_METHODS = {
    *("os.system", "os.popen", "yaml.load", "yaml.unsafe_load", "joblib.load"),
    *("joblib.dump", "pd.read_pickle", "pandas.read_pickle", "tempfile.mktemp"),
}


def imported(tree: ast.AST) -> set[str]:
    """Return every module that a module imports, as dotted names."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def complaints(tree: ast.AST) -> list[str]:
    """Return what in a module could run a stranger's text."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        if name in DANGEROUS_CALLS | DANGEROUS_METHODS:
            found.append(f"line {node.lineno}: {name}")
        for keyword in node.keywords:
            said = keyword.value
            off = isinstance(said, ast.Constant) and said.value is False
            if keyword.arg in {"shell", "allow_pickle"} and not off:
                found.append(f"line {node.lineno}: {keyword.arg}")
        if name in {"np.load", "numpy.load"} and "allow_pickle" not in {
            keyword.arg for keyword in node.keywords
        }:
            found.append(f"line {node.lineno}: {name} without allow_pickle=False")
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda it: str(it.relative_to(ROOT)))
def test_nothing_runs_what_a_stranger_wrote(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    roots = {name.split(".")[0] for name in imported(tree)}
    assert not roots & DANGEROUS_MODULES
    assert not complaints(tree)


@pytest.mark.parametrize(
    "text",
    [
        "eval(x)",
        "subprocess.run(x, shell=True)",
        "np.load(x)",
        "np.load(x, allow_pickle=True)",
        "yaml.load(x)",
        "joblib.load(x)",
        "f(shell=flag)",
    ],
)
def test_what_could_run_a_strangers_text_is_seen(text: str) -> None:
    assert complaints(ast.parse(text))


@pytest.mark.parametrize("path", SOURCES, ids=lambda it: str(it.relative_to(ROOT)))
def test_every_exception_from_the_security_rules_has_its_reason(path: Path) -> None:
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if found := re.search(r"# noqa: (?:[A-Z]+\d+, )*S\d{3}(.*)", line):
            assert re.match(r" - \w", found[1]), f"{path.name}, line {number}"
