# SPDX-License-Identifier: GPL-2.0
"""The guest's device tree, changed so that its PCI devices are not cache-coherent."""

import subprocess
from pathlib import Path

# QEMU's PCI host bridge on the machine "virt".
NODE = "/pcie@10000000"
COHERENT = "dma-coherent"
# The root has "dma-coherent" as well since QEMU 8.1, and the kernel asks a node's parents: it is not
# enough that the bridge says nothing.
NONCOHERENT = "dma-noncoherent"


class DeviceTreeError(Exception):
    """Why there is no such device tree."""


def call(command: list[str], hint: str) -> None:
    """Run a program; what is wrong with it, and the hint if it is not there, in one line."""
    try:
        ended = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except FileNotFoundError:
        raise DeviceTreeError(f"{command[0]} is not there: {hint}") from None
    if ended.returncode != 0:
        said = " ".join(ended.stdout.split()) or "no message"
        raise DeviceTreeError(f"no device tree for a device that is not cache-coherent: {command[0]}: {said}")


def noncoherent(command: list[str], dtb: Path) -> Path:
    """Write to `dtb` the device tree that QEMU makes when called with `command`, but not cache-coherent."""
    dtb.parent.mkdir(parents=True, exist_ok=True)
    dtb.unlink(missing_ok=True)
    # QEMU puts the two options together, and ends when the file is written. A comma is doubled in its options.
    call([*command, "-machine", f"dumpdtb={str(dtb).replace(',', ',,')}"], "install QEMU")
    fdtput = "install the package device-tree-compiler"
    # Fails if there is no such node, or no such property.
    call(["fdtput", "-d", str(dtb), NODE, COHERENT], fdtput)
    call(["fdtput", str(dtb), NODE, NONCOHERENT], fdtput)
    return dtb
