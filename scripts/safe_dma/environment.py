#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Read and write the environment of a run, which is in .build/environment.json.

    python3 -m safe_dma.environment NAME=VALUE...

writes the file, for main.sh. Without the file only tests of the host can run: the first use of an
unknown path raises NotBuilt.
"""

import fcntl
import json
import os
import sys
from dataclasses import dataclass, field, fields
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BUILD = TOP / ".build"
LOGS = BUILD / "log"
FILE = BUILD / "environment.json"


class NotBuilt(Exception):
    """No kernel was built."""


class Missing(os.PathLike):
    """A placeholder for an unknown path."""

    def __init__(self, name: str):
        self.name = name

    def __fspath__(self):
        raise NotBuilt(f"no {self.name} in {FILE}: call make test, or make run, first")

    __str__ = __fspath__

    def __truediv__(self, _):
        return self.__fspath__()

    def __getattr__(self, _):
        return self.__fspath__()


def path(name: str):
    """Return a field for a path."""
    return field(default_factory=lambda: Missing(name))


@dataclass(frozen=True)
class Environment:
    """The variables of make, as main.sh has parsed them, and the products of the build."""

    # The current kernel, and those of DEBUG=1 and of make bench, if they are built.
    kdir: Path = path("kdir")
    kdir_debug: Path = path("kdir_debug")
    kdir_bench: Path = path("kdir_bench")
    image: Path = path("image")
    # The kernel source.
    linux: Path = path("linux")
    cache: Path = path("cache")
    # Variables for the kernel's make.
    tools: list[str] = field(default_factory=list)
    # The directory of the package qemu.qmp, if the system does not have it.
    qmp: str = ""
    # The variant of the kernel in `kdir`; see VARIANT in linux-build.sh.
    variant: str = ""
    qemu: str = "qemu-system-aarch64"
    scenario: str = "strict"
    smp: str = ""
    append: str = ""
    timeout: str = ""
    minutes: str = ""
    seed: str = ""
    baseline: str = ""
    checks: str = ""
    name: str = ""
    # The selected tests; without them the target is test or test-all.
    tests: str = ""
    target: str = ""
    # The number of guests or compilers to run at a time.
    jobs: int = 1
    # Whether to boot guests again whose results are known.
    fresh: bool = False

    def kernel(self, variant: str) -> Path | None:
        """Return the build directory of a kernel variant, or None."""
        found = getattr(self, f"kdir_{variant}") if variant else self.kdir
        return None if isinstance(found, Missing) else found


def write(words: list[str]) -> None:
    """Write NAME=VALUE arguments to the file; a list has a line for each word."""
    known = {each.name: each.type for each in fields(Environment)}
    values = {}
    for word in words:
        name, _, value = word.partition("=")
        kind = known[name]
        values[name] = value.splitlines() if kind == list[str] else kind(value) if kind in (int, bool) else value
    BUILD.mkdir(parents=True, exist_ok=True)
    new = FILE.with_suffix(".tmp")
    new.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    new.replace(FILE)


def read() -> Environment:
    """Read the environment that was written last."""
    try:
        values = json.loads(FILE.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Environment()
    # Another version of this file may have written other names.
    kinds = {each.name: each.type for each in fields(Environment) if each.name in values}
    given = {n: Path(values[n]) if kind is Path else values[n] for n, kind in kinds.items()}
    return Environment(**{n: value for n, value in given.items() if values[n] or kinds[n] is not Path})


def lock_tree() -> None:
    """Lock this tree until the process ends, like lock_tree() in main.sh."""
    if os.environ.get("SAFE_DMA_LOCKED") == str(TOP):
        return
    BUILD.mkdir(parents=True, exist_ok=True)
    number = os.open(BUILD / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("safe-dma: another run is at work in this tree, waiting for it", file=sys.stderr, flush=True)
        fcntl.flock(number, fcntl.LOCK_EX)
    os.environ["SAFE_DMA_LOCKED"] = str(TOP)


ENV = read() if __name__ != "__main__" else Environment()

if __name__ == "__main__":
    write(sys.argv[1:])
