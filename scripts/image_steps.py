"""Run the steps of the Dockerfile where there is no container tool.

    sudo python scripts/image_steps.py [ARGUMENTS OF econnet]

Each instruction is run in a new root folder in which the machine's system and Python
take the place of the base image. Nothing of the project is visible but what the
Dockerfile copies. At the end the image's command runs as the image's user, with the
given arguments or else with those of the Dockerfile. Both stages share the root folder;
only a container tool can test the base image and the layers.

Linux only, with the rights to mount and chroot. The locked packages are downloaded.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

ROOT = Path(__file__).parents[1]
SYSTEM = ("usr", "bin", "sbin", "lib", "lib64", "dev", "proc")
FOLDER = "ROOT_FOLDER_OF_IMAGE"
# How packages are found and downloaded depends on the machine.
KEPT = re.compile(r"(PIP|SSL|REQUESTS|HTTPS?|NO|ALL)_\w+", re.IGNORECASE)


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Yield each instruction of a Dockerfile with its arguments."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        name, _, arguments = line.strip().partition(" ")
        if name:
            yield name, arguments.strip()


class Image:
    """A root folder, and what later instructions depend on."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = "/"
        self.user = "0"
        self.entry: list[str] = []
        self.command: list[str] = []
        self.variables = {
            name: value for name, value in os.environ.items() if KEPT.fullmatch(name)
        }
        system = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
        self.variables["PATH"] = f"{sys.base_prefix}/bin:{system}"
        self.variables["HOME"] = "/root"

    def mount_system(self) -> None:
        """Make folders in the root folder, and mount the machine's system in it."""
        for name in ("tmp", "root", "home", "opt"):
            (self.root / name).mkdir()
        (self.root / "tmp").chmod(0o1777)
        for name in SYSTEM:
            source = Path("/", name)
            if source.is_symlink():
                (self.root / name).symlink_to(source.readlink())
            elif source.is_dir():
                self._bind(source)
        if not Path(sys.base_prefix).is_relative_to("/usr"):
            self._bind(Path(sys.base_prefix))
        shutil.copytree(
            "/etc", self.root / "etc", symlinks=True, ignore_dangling_symlinks=True
        )

    def _bind(self, source: Path) -> None:
        """Show a folder of the machine; only devices and processes can be changed."""
        place = self.root / source.relative_to("/")
        place.mkdir(parents=True)
        bind = ["mount", "--rbind", str(source), str(place)]
        subprocess.run(bind, check=True)
        if source.name not in {"dev", "proc"}:
            remount = ["mount", "--options", "remount,bind,ro", str(place)]
            subprocess.run(remount, check=True)

    def follow(self, name: str, arguments: str) -> None:
        """Follow one instruction of the Dockerfile."""
        match name:
            case "FROM":
                self.folder, self.user = "/", "0"
            case "ARG" | "ENV":
                for variable, value in re.findall(r"(\w+)=(\S+)", arguments):
                    # An argument of the build can be chosen from outside.
                    chosen = os.environ.get(variable) if name == "ARG" else None
                    self.variables[variable] = chosen or self._filled(value)
            case "COPY":
                self._copy(arguments)
            case "RUN":
                self.run(["sh", "-ec", arguments])
            case "USER":
                self.user = arguments
            case "WORKDIR":
                self.folder = arguments
            case "ENTRYPOINT":
                self.entry = json.loads(arguments)
            case "CMD":
                self.command = json.loads(arguments)
            case _:
                raise SystemExit(f"unknown instruction: {name} {arguments}")

    def run(self, command: list[str]) -> None:
        """Run a command as the current user and in the current folder of the image."""
        enter = ["chroot", f"--userspec={self.user}:{self.user}", str(self.root)]
        change = ["/bin/sh", "-ec", 'cd "$1"; shift; exec "$@"', "sh", self.folder]
        subprocess.run([*enter, *change, *command], env=self.variables, check=True)

    def _copy(self, arguments: str) -> None:
        if arguments.startswith("--from="):
            return  # stages share the root folder
        *sources, target = arguments.split()
        for source in sources:
            place = self.root / target.lstrip("/")
            if (ROOT / source).is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / source, place, ignore=ignored)
            else:
                place.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / source, place)

    def _filled(self, text: str) -> str:
        return re.sub(r"\$\{?(\w+)\}?", lambda it: self.variables.get(it[1], ""), text)


def main() -> None:
    """Follow the Dockerfile, then run the command of the image."""
    folder = os.environ.get(FOLDER)
    if folder is None:
        folder = mkdtemp()
        own = ["unshare", "--mount", "--propagation", "private", sys.executable]
        environment = os.environ | {FOLDER: folder}
        run = subprocess.run([*own, *sys.argv], env=environment, check=False)
        # The mounts ended with the process that made them: the folder is empty.
        Path(folder).rmdir()
        raise SystemExit(run.returncode)
    mount = ["mount", "-t", "tmpfs", "tmpfs", folder]
    subprocess.run(mount, check=True)
    image = Image(Path(folder))
    image.mount_system()
    for name, arguments in instructions((ROOT / "Dockerfile").read_text("utf-8")):
        print(f"{name} {arguments}"[:100], flush=True)
        image.follow(name, arguments)
    image.run([*image.entry, *(sys.argv[1:] or image.command)])


if __name__ == "__main__":
    main()
