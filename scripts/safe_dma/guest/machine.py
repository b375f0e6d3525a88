# SPDX-License-Identifier: GPL-2.0
"""Translate a scenario's settings to options of QEMU and parameters of kernel and module."""

from pathlib import Path

# The firmware in Debian's package qemu-efi-aarch64.
FIRMWARE = Path("/usr/share/qemu-efi-aarch64/QEMU_EFI.fd")

# One instruction takes one nanosecond, so a counter of 1 GHz counts instructions.
COUNTING_CPU = "cortex-a76,cntfrq=1000000000"


class MachineError(Exception):
    """The machine is not possible."""


def devices(settings: dict) -> dict[str, dict]:
    """Return QEMU's options of each device, by its ID."""
    device = {"driver": "edu", "dma_mask": (1 << settings["address_bits"]) - 1}
    names = [f"edu{number}" for number in range(settings["devices"])]
    return {name: {**device, "bus": f"slot-{name}"} if settings["slots"] else device for name in names}


def qemu_options(settings: dict, real_time: bool, asks: bool = False) -> list[str]:
    """Return the options of the machine; time passes while a guest that `asks` its host waits."""
    # Without a random seed in the device tree, and with a fixed start of the clock, all runs are
    # the same. Since QEMU 9.2 the machine "virt" sets the stages of its SMMU itself, and ignores
    # the option.
    machine = "virt-8.1" if settings["stage"] == 2 else "virt"
    machine += ",gic-version=3,dtb-randomness=off"
    if settings["translation"] != "none":
        machine += ",iommu=smmuv3"
    # This CPU supports all three page sizes.
    options = ["-machine", machine, "-rtc", "base=2026-01-01,clock=vm", "-cpu", "cortex-a76"]
    options += ["-m", f"{settings['memory']}M"]
    if settings["stage"] == 2:
        options += ["-global", "arm-smmuv3.stage=2"]
    for name, device in devices(settings).items():
        if "bus" in device:
            options += ["-device", f"pcie-root-port,id={device['bus']},chassis={name.removeprefix('edu')}"]
        options += ["-device", ",".join(f"{key}={value}" for key, value in {**device, "id": name}.items())]
    # A device without a driver in this kernel, for scripts/selftests/anydev.sh.
    options += ["-device", "pci-testdev"]
    if settings["firmware"] == "acpi":
        if not FIRMWARE.exists():
            raise MachineError(f"{FIRMWARE} is not there: install the package qemu-efi-aarch64")
        options += ["-bios", str(FIRMWARE)]
    options += ["-smp", str(settings["processors"])]
    if real_time:
        return options
    if settings["processors"] == 1:
        # One instruction is one nanosecond. With sleep=off an idle guest skips the time, so a wait
        # for the host would time out at once.
        return [*options, "-icount", f"shift=0,sleep={'on' if asks else 'off'}"]
    return [*options, "-accel", "tcg,thread=multi"]


def kernel_parameters(settings: dict) -> list[str]:
    """Return words for the kernel's command line, including those for the environment of init."""
    parameters = {
        "strict": ["iommu.passthrough=0", "iommu.strict=1"],
        "lazy": ["iommu.passthrough=0", "iommu.strict=0"],
        "identity": ["iommu.passthrough=1"],
        "none": [],
    }[settings["translation"]]
    if settings["translation"] in ("strict", "lazy") and settings["address_bits"] > 32:
        # By default a PCI device gets addresses above 4 GiB only when none below are left.
        parameters = [*parameters, "iommu.forcedac=1"]
    if settings["bounce"] == "forced":
        parameters = [*parameters, "swiotlb=force"]
    if settings["untrusted"]:
        parameters = [*parameters, "SAFE_DMA_UNTRUSTED=Y"]
    # Other kernels have other defaults.
    parameters = [*parameters, f"cma={settings['cma']}M"]
    if settings["firmware"] == "acpi":
        parameters = [*parameters, "acpi=force"]
    return parameters


def module_parameters(settings: dict) -> list[str]:
    """Return the module's parameters."""
    return [f"dma_bits={settings['address_bits']}"]
