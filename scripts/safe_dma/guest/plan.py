# SPDX-License-Identifier: GPL-2.0
"""The guests that there can be, by name: the name is that of the guest's log and of its results, too."""

import contextlib
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from safe_dma.environment import BUILD, ENV, LOGS, TOP
from safe_dma.guest import guest, hotplug, scenarios
from safe_dma.witness import claims, smmu_trace

# As the user wants it; the guests of all scenarios are booted if it is strict.
SCENARIO = ENV.scenario
# In the place of a scenario's processors, if it leaves them open.
SMP = ENV.smp

# All of run.sh but fuzz, soak and cycles, which take longest.
OVERLAP = (
    "selftest module kunit results bind control lifecycle anydev dma_debug limits coherent mmap interrupts "
    "permissions removal sample misuse forget mmap_lost"
)

# On the kernel of DEBUG=1.
DEBUG_SCENARIOS = ("strict", "noncoherent", "passthrough", "bounce-all", "two-devices", "untrusted")
# It is several times as slow.
FEWER = "SAFE_DMA_CYCLES=10 SAFE_DMA_INPUTS=2000"

# The scenarios of `make test`: each takes another way through the kernel, or has another kind of concurrency.
# The others differ from one of these in a number or in the firmware, and are for `make test-all`.
SHORT = ("strict", "lazy", "passthrough", "bounce-all", "noncoherent", "untrusted", "two-devices", "smp")
# Scenarios, and guests, that `make test` leaves out unless they are asked for.
LONG = {*scenarios.names(), "guest-overlap"} - {*SHORT, SCENARIO}


@dataclass(frozen=True)
class Spec:
    """A guest: what it does, and on which machine."""

    mode: str
    scenario: str = SCENARIO
    append: str = ""
    # Which of our kernels.
    variant: str = ENV.variant
    timeout: int | None = None
    rdinit: str = "/init"
    # Files that are added to its initramfs, and their contents.
    programs: tuple[tuple[str, str], ...] = ()
    # More of QEMU's options, and of the module's parameters.
    extra: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    # What QEMU records, in trace_of().
    recorded: tuple[str, ...] = ()
    # Whether it asks its host for something.
    asks: bool = False

    @property
    def settings(self) -> dict:
        """Those of its scenario."""
        return find(self.scenario).settings()

    @property
    def real_time(self) -> bool:
        """Whether its time is that of the host: it waits more than it works, and two runs differ."""
        return self.asks or self.settings["processors"] > 1


def find(text: str) -> scenarios.Scenario:
    """A scenario, with as many processors as the user asks for where that is open."""
    found = scenarios.find(text)
    if SMP and "processors" not in found.says:
        return found.with_settings(processors=int(SMP))
    return found


def matrix() -> list[str]:
    """The scenarios that this kernel can take, or the one that the user wants."""
    if SCENARIO != "strict":
        return [SCENARIO]
    pages = find(SCENARIO).settings()["pages"]
    return [name for name in scenarios.names() if find(name).settings()["pages"] == pages]


def debug_guests() -> dict[str, Spec]:
    """The guests of the kernel of DEBUG=1, if it is built; names without "debug-"."""
    if not ENV.kernel("debug"):
        return {}
    names = DEBUG_SCENARIOS if SCENARIO == "strict" else (SCENARIO,)
    # What is left of memory is looked for once: that takes as long as the checks.
    modes = {names[0]: "leaks"}
    return {name: Spec(modes.get(name, "run"), name, variant="debug") for name in names} | {
        # Time is real there, and the other checks take long.
        "smp": Spec("concurrency", "smp", variant="debug"),
        "soak": Spec("selftest soak cycles fuzz", names[0], FEWER, "debug"),
        # Who has got a page is kept for all of them, which takes memory.
        "faults": Spec("selftest faults", names[0], "page_owner=on", "debug"),
    }


def known() -> dict[str, Spec]:
    """All guests but those of a single test."""
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
        # Which asks for its device to be pulled out.
        "guest-unplug": Spec("unplug", "slots", asks=hotplug.available()),
        # Where the debugger says all that it can say, and all can be survived.
        "guest-misuse": Spec("misuse", "strict", "swiotlb=noforce"),
    }
    for name in dict.fromkeys([*scenarios.names(), SCENARIO]):
        found[f"scenario-{name}"] = Spec(
            "scenario", name, claims.KERNEL_WORDS, parameters=("claims=Y",), recorded=smmu_trace.RECORDED
        )
        found[f"paths-{name}"] = Spec("paths", name)
    return found | {f"debug-{name}": spec for name, spec in debug_guests().items()}


SPECS = known()
# Small guests of `make misuse` and `make api`, and the guests of `make test` that have the same results, and more.
SMALL = {
    "guest-limits": "guest-test",
    "guest-mmap": "guest-test",
    "run-noncoherent": "scenario-noncoherent",
    "run-bounce-all": "scenario-bounce-all",
    "run-two-devices": "scenario-two-devices",
}


def trace_of(name: str) -> Path:
    """Where QEMU leaves what it records of a guest."""
    return LOGS / f"{name}.trace"


def make_guest(name: str, spec: Spec, **changes) -> guest.Guest:
    """A guest as `make` boots it."""
    image, initramfs, words = ENV.image, BUILD / "initramfs.cpio", [ENV.append, spec.append]
    if spec.variant:
        image = ENV.kernel(spec.variant) / "arch/arm64/boot/Image"
        initramfs = BUILD / spec.variant / "initramfs.cpio"
        parameters = TOP / "qemu" / "kernel" / spec.variant / "parameters"
        words.insert(0, parameters.read_text(encoding="utf-8").strip() if parameters.exists() else "")
    settings = {
        "qemu": ENV.qemu,
        "image": image,
        "initramfs": initramfs,
        "mode": spec.mode,
        "log": LOGS / f"{name}.log",
        "scenario": find(spec.scenario),
        "modules": BUILD / spec.variant / "module" if spec.variant else TOP,
        "timeout": int(ENV.timeout) if ENV.timeout else spec.timeout or (900 if spec.variant else None),
        "rdinit": spec.rdinit,
        "extra": list(spec.extra),
        "parameters": list(spec.parameters),
        "asks": spec.asks,
    }
    if spec.recorded:
        settings["extra"] += ["-D", str(trace_of(name))]
        settings["extra"] += [word for event in spec.recorded for word in ("-trace", event)]
    return guest.Guest(**(settings | {"append": " ".join(filter(None, words))} | changes))


@contextlib.contextmanager
def with_programs(archive: Path, programs: dict[str, str]):
    """An initramfs with these files added, by their names: the kernel reads archives in a row."""
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


def boot(name: str, spec: Spec, show=lambda line: None) -> guest.Outcome:
    """Boot a guest to its end."""
    a_guest = make_guest(name, spec)
    with contextlib.ExitStack() as stack:
        if spec.programs:
            a_guest.initramfs = stack.enter_context(with_programs(a_guest.initramfs, dict(spec.programs)))
        outcome = guest.boot(a_guest, show)
    if spec.recorded and trace_of(name).exists():
        # It is shorter then by far, and the next who reads it is quick.
        smmu_trace.compact(trace_of(name))
    return outcome
