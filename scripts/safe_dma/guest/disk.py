# SPDX-License-Identifier: GPL-2.0
"""The NVMe disk of a guest: a sparse file, empty at first, that is its own."""

from pathlib import Path

from safe_dma.environment import BUILD

SIZE = 64 << 20
# The node of QEMU's block layer, which remains when the controller is unplugged.
NODE = "disk"
# The object of QEMU that limits the rate of the disk.
THROTTLE = "/objects/throttle"
# The first free slot, behind QEMU's host bridge, and then edu and pci-testdev.
SID = 0x18


def image(name: str) -> Path:
    """Return the path of a guest's disk."""
    return BUILD / "disks" / f"{name}.img"


def make(name: str) -> None:
    """Make an empty disk."""
    path = image(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with path.open("wb") as file:
        file.truncate(SIZE)


def error(access: str, number: int) -> str:
    """Return the rule by which a "read" or a "write" of the 4 KiB of this number fails."""
    return f"event=none,iotype={access},sector={8 * number}"


def controller(settings: dict) -> dict:
    """Return QEMU's options of the controller."""
    place = {"bus": "slot-nvme0"} if settings["slots"] else {"addr": "3"}
    return {"driver": "nvme", "drive": NODE, "serial": "safe-dma", **place}


def options(name: str, settings: dict, errors: tuple[str, ...] = ()) -> list[str]:
    """Return QEMU's options of the disk, whose sectors fail by the rules in `errors`."""
    # The host's own cache need not be written back.
    file = f"driver=file,filename={str(image(name)).replace(',', ',,')},discard=unmap,cache.no-flush=on"
    top = f"driver=throttle,throttle-group=throttle,discard=unmap,node-name={NODE}"
    found = ["-object", "throttle-group,id=throttle", "-blockdev", f"{file},node-name=file"]
    if errors:
        rules = [f"inject-error.{number}.{rule}" for number, error in enumerate(errors) for rule in error.split(",")]
        found += ["-blockdev", ",".join(["driver=blkdebug,image=file,discard=unmap,node-name=errors", *rules])]
    found += ["-blockdev", f"{top},file={'errors' if errors else 'file'}"]
    device = controller(settings)
    if "bus" in device:
        found += ["-device", f"pcie-root-port,id={device['bus']},chassis=9"]
    return [*found, "-device", ",".join(f"{key}={value}" for key, value in {**device, "id": "nvme0"}.items())]
