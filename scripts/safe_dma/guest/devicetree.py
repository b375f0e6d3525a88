# SPDX-License-Identifier: GPL-2.0
"""Change the guest's device tree so that its PCI devices are not cache-coherent."""

import subprocess
from pathlib import Path

# QEMU's PCI host bridge on the machine "virt".
NODE = "/pcie@10000000"
COHERENT = "dma-coherent"
# Since QEMU 8.1 the root node also has "dma-coherent", which the bridge would inherit. So it is not
# enough to delete the property of the bridge.
NONCOHERENT = "dma-noncoherent"


class DeviceTreeError(Exception):
    """The device tree cannot be made."""


def call(command: list[str], hint: str) -> None:
    """Run a program; raise an error of one line if it fails, with `hint` if it is missing."""
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
    """Write the device tree of QEMU's `command` to `dtb`, changed to be not cache-coherent."""
    dtb.parent.mkdir(parents=True, exist_ok=True)
    dtb.unlink(missing_ok=True)
    # QEMU merges the two -machine options, and exits when the file is written. Commas in option
    # values are doubled.
    call([*command, "-machine", f"dumpdtb={str(dtb).replace(',', ',,')}"], "install QEMU")
    fdtput = "install the package device-tree-compiler"
    # This fails if the node or the property does not exist.
    call(["fdtput", "-d", str(dtb), NODE, COHERENT], fdtput)
    call(["fdtput", str(dtb), NODE, NONCOHERENT], fdtput)
    return dtb
