# SPDX-License-Identifier: GPL-2.0
"""What a scenario's settings are to QEMU, to the kernel and to the module."""

from pathlib import Path

from safe_dma.guest import scenarios

# Of Debian's package qemu-efi-aarch64.
FIRMWARE = Path("/usr/share/qemu-efi-aarch64/QEMU_EFI.fd")

# Its clock counts instructions: with one in a nanosecond, it must not be slower than that.
COUNTING_CPU = "cortex-a76,cntfrq=1000000000"


class MachineError(Exception):
    """Why there is no such machine."""


def devices(settings: dict) -> dict[str, dict]:
    """What QEMU is told of each device, by its name."""
    device = {"driver": "edu", "dma_mask": (1 << settings["address_bits"]) - 1}
    names = [f"edu{number}" for number in range(settings["devices"])]
    return {name: {**device, "bus": f"slot-{name}"} if settings["slots"] else device for name in names}


def qemu_options(settings: dict, real_time: bool, asks: bool = False) -> list[str]:
    """The machine; if it `asks` its host for something, it waits as long as that takes."""
    # No random seed in the device tree, and a clock that starts at the same time: two runs are the same.
    # Since QEMU 9.2 "virt" itself says which stages its SMMU has, and does not listen to others.
    machine = "virt-8.1" if settings["stage"] == 2 else "virt"
    machine += ",gic-version=3,dtb-randomness=off"
    if settings["translation"] != "none":
        machine += ",iommu=smmuv3"
    # The CPU has pages of all three sizes.
    options = ["-machine", machine, "-rtc", "base=2026-01-01,clock=vm", "-cpu", "cortex-a76"]
    options += ["-m", f"{settings['memory']}M"]
    if settings["stage"] == 2:
        options += ["-global", "arm-smmuv3.stage=2"]
    for name, device in devices(settings).items():
        if "bus" in device:
            options += ["-device", f"pcie-root-port,id={device['bus']},chassis={name.removeprefix('edu')}"]
        options += ["-device", ",".join(f"{key}={value}" for key, value in {**device, "id": name}.items())]
    # Without a driver in this kernel: for scripts/selftests/anydev.sh.
    options += ["-device", "pci-testdev"]
    if settings["firmware"] == "acpi":
        if not FIRMWARE.exists():
            raise MachineError(f"{FIRMWARE} is not there: install the package qemu-efi-aarch64")
        options += ["-bios", str(FIRMWARE)]
    options += ["-smp", str(settings["processors"])]
    if real_time:
        return options
    if settings["processors"] == 1:
        # One instruction is one nanosecond, and waiting takes no time at all: but then the time of who waits
        # for somebody outside is up at once.
        return [*options, "-icount", f"shift=0,sleep={'on' if asks else 'off'}"]
    return [*options, "-accel", "tcg,thread=multi"]


def kernel_parameters(settings: dict) -> list[str]:
    """Words of the kernel's command line, and what init finds in its environment."""
    parameters = {
        "strict": ["iommu.passthrough=0", "iommu.strict=1"],
        "lazy": ["iommu.passthrough=0", "iommu.strict=0"],
        "identity": ["iommu.passthrough=1"],
        "none": [],
    }[settings["translation"]]
    if settings["translation"] in ("strict", "lazy") and settings["address_bits"] > 32:
        # A device of PCI is given addresses above 4 GiB only when none are left below, unless told.
        parameters = [*parameters, "iommu.forcedac=1"]
    if settings["bounce"] == "forced":
        parameters = [*parameters, "swiotlb=force"]
    if settings["cma"] != scenarios.SETTINGS["cma"].default:
        parameters = [*parameters, f"cma={settings['cma']}M"]
    if settings["firmware"] == "acpi":
        parameters = [*parameters, "acpi=force"]
    return parameters


def module_parameters(settings: dict) -> list[str]:
    """Words for insmod."""
    parameters = [f"dma_bits={settings['address_bits']}"]
    if settings["untrusted"]:
        parameters.append("untrusted=Y")
    return parameters
