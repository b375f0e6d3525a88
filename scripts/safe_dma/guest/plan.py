# SPDX-License-Identifier: GPL-2.0
"""All guests, by name, which is also the name of the guest's log and results."""

import contextlib
import dataclasses
import re
import subprocess
import tempfile
from pathlib import Path

from safe_dma.environment import BUILD, ENV, LOGS, TOP
from safe_dma.guest import disk, guest, hotplug, scenarios, subjects
from safe_dma.witness import claims, smmu_trace

# The scenario that the user selected. With the default, "strict", all scenarios are tested.
SCENARIO = ENV.scenario
# The number of processors, for scenarios that do not set it.
SMP = ENV.smp

# All self-tests of run.sh but fuzz, soak and cycles, which take longest.
OVERLAP = (
    "selftest module kunit results bind control lifecycle anydev dma_debug limits coherent mmap interrupts "
    "permissions removal sample misuse forget mmap_lost"
)

# The scenarios for the kernel of DEBUG=1.
DEBUG_SCENARIOS = ("strict", "noncoherent", "passthrough", "bounce-all", "two-devices", "untrusted")
# The debugging kernel is several times as slow, so do less.
FEWER = "SAFE_DMA_CYCLES=10 SAFE_DMA_INPUTS=2000"

# The scenarios of `make test`: each takes another path through the kernel, or has another kind of
# concurrency. The others differ from one of these in a number or in the firmware, and are left to
# `make test-all`.
SHORT = ("strict", "lazy", "passthrough", "bounce-all", "noncoherent", "untrusted", "two-devices", "smp")
# The scenarios of the guests with an NVMe disk.
NVME_SCENARIOS = ("strict", "lazy", "passthrough", "bounce-all", "noncoherent", "untrusted", "stage2", "mask40", "smp")
# The line of a record that a guest has acknowledged.
RECORD = re.compile(r"^ *record (\d+)$")
# Scenarios and guests that `make test` skips unless they are selected.
LONG = {*scenarios.names(), "guest-overlap"} - {*SHORT, SCENARIO}


@dataclasses.dataclass(frozen=True)
class Spec:
    """A guest: its mode and its machine."""

    mode: str
    scenario: str = SCENARIO
    append: str = ""
    # The kernel, by its variant.
    variant: str = ENV.variant
    timeout: int | None = None
    rdinit: str = "/init"
    # Files that are added to the initramfs, and their contents.
    programs: tuple[tuple[str, str], ...] = ()
    # Additional options of QEMU, and additional parameters of the module.
    extra: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    # The events that QEMU records in trace_of().
    recorded: tuple[str, ...] = ()
    # Whether the guest sends requests to its host.
    asks: bool = False
    # Whether it has the programs for a disk, see nvme.sh.
    tools: bool = False
    # Whether it also has an NVMe disk, and the rules by which sectors fail, see disk.py.
    disk: bool = False
    errors: tuple[str, ...] = ()
    # After how many acknowledged records a guest with the same disk is killed before.
    records: int = 0

    @property
    def settings(self) -> dict:
        """Return the settings of its scenario."""
        return find(self.scenario).settings()

    @property
    def real_time(self) -> bool:
        """Return whether the guest runs in real time: it mostly waits, and two runs differ."""
        return self.asks or self.settings["processors"] > 1


def find(text: str) -> scenarios.Scenario:
    """Return a scenario, with the user's number of processors if it does not set one."""
    found = scenarios.find(text)
    if SMP and "processors" not in found.says:
        return found.with_settings(processors=int(SMP))
    return found


def matrix() -> list[str]:
    """Return the scenarios that this kernel supports, or the one that the user selected."""
    if SCENARIO != "strict":
        return [SCENARIO]
    pages = find(SCENARIO).settings()["pages"]
    return [name for name in scenarios.names() if find(name).settings()["pages"] == pages]


def debug_guests() -> dict[str, Spec]:
    """Return the guests of the kernel of DEBUG=1, if it is built, by name without "debug-"."""
    if not ENV.kernel("debug"):
        return {}
    names = DEBUG_SCENARIOS if SCENARIO == "strict" else (SCENARIO,)
    # Only one guest scans for memory leaks, because a scan takes as long as the checks.
    modes = {names[0]: "leaks"}
    return {name: Spec(modes.get(name, "run"), name, variant="debug") for name in names} | {
        # Runs in real time, where all checks would take long.
        "smp": Spec("run", "smp", variant="debug", parameters=subjects.parameters("in_flight,concurrency")),
        "soak": Spec("selftest soak cycles fuzz", names[0], FEWER, "debug"),
        # page_owner records the owner of each page, which takes memory.
        "faults": Spec("selftest faults", names[0], "page_owner=on", "debug"),
        "nvme": Spec("selftest nvme nvme_fio", names[0], variant="debug", disk=True),
        "nvme-stall": Spec("selftest nvme_stall", names[0], variant="debug", disk=True, asks=hotplug.available()),
        "nvme-faults": Spec("selftest nvme_faults", names[0], variant="debug", disk=True),
    }


def nvme_guests() -> dict[str, Spec]:
    """Return the guests with an NVMe disk, if their programs could be had, by scenario."""
    if not programs_of(ENV.variant).exists():
        return {}
    names = NVME_SCENARIOS if SCENARIO == "strict" else (SCENARIO,)
    less = "SAFE_DMA_FIO_SIZE=32m"
    # The numbers of 4 KiB that cannot be read or written.
    read, write = 1234, 2345
    records = 100
    errors = Spec(
        "selftest nvme_errors",
        append=f"SAFE_DMA_BAD_READ={read} SAFE_DMA_BAD_WRITE={write}",
        disk=True,
        errors=(disk.error("read", read), disk.error("write", write)),
    )
    found = {
        name: Spec(
            "selftest nvme nvme_fio",
            name,
            "" if name == "strict" else less,
            disk=True,
            recorded=smmu_trace.NVME_RECORDED,
        )
        for name in names
    } | {
        # Not enough bounce buffers for all requests in flight.
        "few-buffers": Spec("selftest nvme nvme_fio", "bounce-all", f"swiotlb=2048,force {less}", disk=True),
        "recover": Spec("selftest nvme_recover", append=f"SAFE_DMA_RECORDS={records}", disk=True, records=records),
        "errors": errors,
        "unplug": Spec("selftest nvme_unplug", "slots", disk=True, asks=hotplug.available()),
        "stall": Spec("selftest nvme_stall", disk=True, asks=hotplug.available()),
        "cycles": Spec("selftest nvme_cycles", disk=True),
        "wrong": Spec("selftest nvme_wrong", disk=True),
        "used-up": Spec("selftest nvme_used_up", "strict", disk=True),
    }
    if ENV.kernel("bench"):
        # The kernel that has the other driver.
        with_c = dataclasses.replace(errors, append=f"{errors.append} SAFE_DMA_NVME=nvme", variant="bench")
        found["errors-c"] = with_c
    return found


def programs_of(variant: str) -> Path:
    """Return the initramfs of a kernel with the programs for a disk, see nvme.sh."""
    return BUILD / variant / "nvme.cpio"


def known() -> dict[str, Spec]:
    """Return all guests but those of a single test."""
    found = {
        "guest-run": Spec("run"),
        "guest-run-again": Spec("run"),
        "guest-test": Spec("test"),
        "guest-limits": Spec("selftest limits"),
        "guest-mmap": Spec("selftest mmap"),
        "run-noncoherent": Spec("run", "noncoherent"),
        "run-bounce-all": Spec("run", "bounce-all"),
        "run-two-devices": Spec("run", "two-devices"),
        "guest-overlap": Spec(OVERLAP, append="swiotlb=noforce"),
        # Requests that its device is unplugged.
        "guest-unplug": Spec("unplug", "slots", asks=hotplug.available()),
        # Without bounce buffers the debugger prints every message, and no misuse is fatal.
        "guest-misuse": Spec("misuse", "strict", "swiotlb=noforce"),
    }
    for name in dict.fromkeys([*scenarios.names(), SCENARIO]):
        found[f"scenario-{name}"] = Spec(
            "scenario", name, claims.KERNEL_WORDS, parameters=("claims=Y",), recorded=smmu_trace.RECORDED
        )
        found[f"paths-{name}"] = Spec("paths", name)
    found |= {f"nvme-{name}": spec for name, spec in nvme_guests().items()}
    return found | {f"debug-{name}": spec for name, spec in debug_guests().items()}


SPECS = known()
# Small guests of `make misuse` and `make api`, each with the guest of `make test` that has the same
# results and more.
SMALL = {
    "guest-limits": "guest-test",
    "guest-mmap": "guest-test",
    "run-noncoherent": "scenario-noncoherent",
    "run-bounce-all": "scenario-bounce-all",
    "run-two-devices": "scenario-two-devices",
}


def trace_of(name: str) -> Path:
    """Return the path of QEMU's trace of a guest."""
    return LOGS / f"{name}.trace"


def make_guest(name: str, spec: Spec, **changes) -> guest.Guest:
    """Return a guest as `make` boots it."""
    image, initramfs, words = ENV.image, BUILD / "initramfs.cpio", [ENV.append, spec.append]
    if spec.variant:
        image = ENV.kernel(spec.variant) / "arch/arm64/boot/Image"
        initramfs = BUILD / spec.variant / "initramfs.cpio"
        parameters = TOP / "qemu" / "kernel" / spec.variant / "parameters"
        words.insert(0, parameters.read_text(encoding="utf-8").strip() if parameters.exists() else "")
    # KASAN slows down every memory access.
    seconds = int(ENV.timeout) if ENV.timeout else spec.timeout or (1800 if spec.variant else None)
    settings = {
        "qemu": ENV.qemu,
        "image": image,
        "initramfs": initramfs,
        "mode": spec.mode,
        "log": LOGS / f"{name}.log",
        "scenario": find(spec.scenario),
        "modules": BUILD / spec.variant / "module" if spec.variant else TOP,
        "timeout": seconds,
        "rdinit": spec.rdinit,
        "extra": list(spec.extra),
        "parameters": list(spec.parameters),
        "asks": spec.asks,
        "disk": spec.disk,
    }
    if spec.disk or spec.tools:
        settings["initramfs"] = programs_of(spec.variant)
    if spec.disk:
        settings["extra"] += disk.options(name, spec.settings, spec.errors)
    if spec.recorded:
        settings["extra"] += ["-D", str(trace_of(name))]
        settings["extra"] += [word for event in spec.recorded for word in ("-trace", event)]
    return guest.Guest(**(settings | {"append": " ".join(filter(None, words))} | changes))


@contextlib.contextmanager
def with_programs(archive: Path, programs: dict[str, str]):
    """Add files to an initramfs: append an archive, as the kernel reads several in a row."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        for program, text in programs.items():
            (directory / program).write_text(text)
            (directory / program).chmod(0o755)
        added = subprocess.run(
            ["cpio", "--quiet", "--create", "--format=newc", "--reproducible"],
            input="\n".join(programs).encode(),
            cwd=directory,
            stdout=subprocess.PIPE,
            check=True,
        )
        whole = directory / "initramfs.cpio"
        whole.write_bytes(archive.read_bytes() + added.stdout)
        yield whole


class Killed(Exception):
    """QEMU was killed."""


def boot_and_kill(name: str, spec: Spec) -> guest.Outcome | None:
    """Boot a guest that writes records to its disk, and kill QEMU after as many as `spec` says.

    Return the outcome if the guest ended before.
    """
    writer = dataclasses.replace(spec, mode="selftest nvme_write")

    def show(line):
        if (match := RECORD.search(line)) and int(match[1]) >= spec.records:
            raise Killed

    try:
        return guest.boot(make_guest(name, writer, log=LOGS / f"{name}-killed.log"), show)
    except Killed:
        return None


def boot(name: str, spec: Spec, show=lambda line: None) -> guest.Outcome:
    """Boot a guest to its end."""
    a_guest = make_guest(name, spec)
    if spec.disk:
        disk.make(name)
    if spec.records and (ended := boot_and_kill(name, spec)):
        return ended
    with contextlib.ExitStack() as stack:
        if spec.programs:
            a_guest.initramfs = stack.enter_context(with_programs(a_guest.initramfs, dict(spec.programs)))
        outcome = guest.boot(a_guest, show)
    if spec.recorded and trace_of(name).exists():
        # Compact the trace, which makes it far shorter and faster to read.
        smmu_trace.compact(trace_of(name))
    return outcome
