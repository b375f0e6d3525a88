#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Run a guest under gdb. gdb uses the terminal; the guest's console is a file."""

import os
import shlex
import subprocess
from pathlib import Path

from safe_dma import command
from safe_dma.environment import BUILD
from safe_dma.guest.guest import GUEST_ERRORS
from safe_dma.guest.plan import Spec, make_guest

GDB_BUILD = BUILD / "gdb"


def main() -> int:
    """Start gdb, which starts and stops QEMU."""
    guest = make_guest("guest-gdb", Spec("run"), initramfs=GDB_BUILD / "initramfs.cpio")
    guest.log.parent.mkdir(parents=True, exist_ok=True)
    qemu = [*guest.prepared(), "-S", "-gdb", "stdio"]
    qemu[qemu.index("-serial") + 1] = f"file:{guest.log}"
    kernel = guest.image.parents[3]
    commands = [
        f"target remote | exec {shlex.join(qemu)}",
        f"source {Path(__file__).with_name('gdb_module.py')}",
        f"python Loaded('{GDB_BUILD / 'module'}', 'safe_dma')",
        "tbreak *start_kernel",
        "continue",
    ]
    # The kernel has gdb commands if it was built with CONFIG_GDB_SCRIPTS.
    if (kernel / "vmlinux-gdb.py").exists():
        commands.insert(0, f"source {kernel / 'vmlinux-gdb.py'}")
    print(f"safe-dma: the guest's console is in {guest.log}", flush=True)
    words = [word for command in commands for word in ("-ex", command)]
    return subprocess.call([os.environ["GDB"], "-q", kernel / "vmlinux", *words])


if __name__ == "__main__":
    command.run(main, *GUEST_ERRORS)
