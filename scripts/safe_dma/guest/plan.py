# SPDX-License-Identifier: GPL-2.0
"""The guests whose results are looked at, by name, each booted once.

What they are made of is in the environment, see main.sh.
"""

import functools
import os
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from safe_dma.guest import guest, hotplug, ktap, scenarios
from safe_dma.witness import claims, smmu_trace

TOP = Path(__file__).resolve().parents[3]

# The name of the result that is the guest's own.
END = "the guest's end"

# As the user wants it; what there is to compare with others is strict.
SCENARIO = os.environ.get("SCENARIO") or "strict"

# The time of a kernel message, and nothing else.
TIME = re.compile(r"^\[ *\d+\.\d+\] ")

# In the place of what a scenario says, if it says nothing.
SMP = os.environ.get("SMP")

# The kernel that the user wants, see VARIANT in linux-build.sh.
VARIANT = os.environ.get("SAFE_DMA_VARIANT", "")

# All of run.sh but fuzz, soak and cycles, which take longest.
OVERLAP = (
    "selftest module kunit results bind control lifecycle anydev dma_debug limits coherent mmap interrupts "
    "permissions removal sample misuse forget mmap_lost"
)

# What booted() takes; in the tests the name is also that of an argument.
GUESTS = {
    "selftest_result": ("test", "guest-test"),
    "check_result": ("run", "guest-run"),
    "bounced_result": ("scenario", "scenario-bounce-all", "bounce-all"),
    "overlap_result": (OVERLAP, "guest-overlap", SCENARIO, "swiotlb=noforce"),
    "noncoherent_result": ("scenario", "scenario-noncoherent", "noncoherent"),
    "peer_result": ("scenario", "scenario-two-devices", "two-devices"),
    # Which asks for its device to be pulled out.
    "unplug_result": ("unplug", "guest-unplug", "slots"),
    # Where the debugger says all that it can say, and all can be survived.
    "misuse_result": ("misuse", "guest-misuse", "strict", "swiotlb=noforce"),
}


# On the kernel that looks for what is wrong, if it was built.
DEBUG_SCENARIOS = ("strict", "noncoherent", "passthrough", "bounce-all", "two-devices", "untrusted")
# It is several times as slow.
FEWER = "SAFE_DMA_CYCLES=10 SAFE_DMA_INPUTS=2000"


def debug_guests():
    """The guests of that kernel."""
    if not os.environ.get("SAFE_DMA_KDIR_DEBUG"):
        return {}
    names = DEBUG_SCENARIOS if SCENARIO == "strict" else [SCENARIO]
    # What is left of memory is looked for once: that takes as long as the checks.
    modes = {names[0]: "leaks"}
    found = {name: (modes.get(name, "run"), f"debug-{name}", name, "", "debug") for name in names}
    return found | {
        # Time is real there, and the other checks take long.
        "smp": ("concurrency", "debug-smp", "smp", "", "debug"),
        "soak": ("selftest soak cycles fuzz", "debug-soak", names[0], FEWER, "debug"),
        # Who has got a page is kept for all of them, which takes memory.
        "faults": ("selftest faults", "debug-faults", names[0], "page_owner=on", "debug"),
    }


def find(text):
    """A scenario, with as many processors as the user asks for where that is open."""
    found = scenarios.find(text)
    if SMP and "processors" not in found.says:
        return found.with_settings(processors=int(SMP))
    return found


def kernel_files(variant):
    """The image, the initramfs and the parameters of a kernel."""
    build = Path(os.environ["SAFE_DMA_BUILD"])
    if not variant:
        return Path(os.environ["SAFE_DMA_IMAGE"]), build / "initramfs.cpio", ""
    kdir = Path(os.environ[f"SAFE_DMA_KDIR_{variant.upper()}"])
    path = TOP / "qemu" / "kernel" / variant / "parameters"
    parameters = path.read_text(encoding="utf-8").strip() if path.exists() else ""
    return kdir / "arch/arm64/boot/Image", build / variant / "initramfs.cpio", parameters


def make_guest(mode, log, scenario=SCENARIO, append="", variant=VARIANT, **changes):
    """A guest as `make` boots it, with its log named `log`."""
    build = Path(os.environ["SAFE_DMA_BUILD"])
    image, initramfs, parameters = kernel_files(variant)
    settings = {
        "qemu": os.environ["QEMU"],
        "image": image,
        "initramfs": initramfs,
        "mode": mode,
        "log": build / "log" / f"{log}.log",
        "scenario": find(scenario),
        "append": " ".join(filter(None, [parameters, os.environ["APPEND"], append])),
        "modules": build / variant / "module" if variant else TOP,
        "timeout": int(os.environ["TIMEOUT"]) if os.environ["TIMEOUT"] else 900 if variant else None,
    }
    return guest.Guest(**(settings | changes))


def matrix():
    """The scenarios that this kernel can take, or the one that the user wants; each a guest of its own."""
    pages = find(SCENARIO).settings()["pages"]
    names = scenarios.names() if SCENARIO == "strict" else [SCENARIO]
    return {name: ("scenario", f"scenario-{name}", name) for name in names if find(name).settings()["pages"] == pages}


# Of each guest that was booted, by what booted() was called with.
_outcomes = {}


def trace_of(log):
    """Where QEMU leaves what it saw of that guest, if it makes claims."""
    return Path(os.environ["SAFE_DMA_BUILD"]) / "log" / f"{log}.trace"


def boot(mode, log, scenario=SCENARIO, append="", variant=VARIANT):
    """Boot a guest to its end."""
    more = {}
    if mode == "scenario":
        more = claims.guest_options(trace_of(log))
        append = f"{append} {more.pop('append')}".strip()
    more["asks"] = mode == "unplug" and hotplug.available()
    outcome = guest.boot(make_guest(mode, log, scenario, append, variant, **more), lambda line: None)
    if mode == "scenario" and trace_of(log).exists():
        # It is shorter then by far, and the next who reads it is quick.
        smmu_trace.compact(trace_of(log))
    return outcome


def boot_together(guests):
    """Boot those that were not booted yet, as many at a time as there are processors."""
    missing = [which for which in dict.fromkeys(guests) if which not in _outcomes]
    # Those in real time wait more than they work, and take longest.
    missing.sort(key=lambda which: which[0] != "unplug" and find((*which, SCENARIO)[2]).settings()["processors"] == 1)
    if not missing:
        return
    start = time.monotonic()
    show = Progress(len(missing))
    with ThreadPoolExecutor(max_workers=(os.cpu_count() or 1) + 1) as pool:
        running = {pool.submit(boot, *which): which for which in missing}
        for future in as_completed(running):
            _outcomes[running[future]] = future.result()
            show(running[future][1], time.monotonic() - start)


class Progress:
    """One line that tells how far the guests are."""

    def __init__(self, total):
        self.total = total
        self.done = 0

    def __call__(self, log, seconds):
        self.done += 1
        text = f"safe-dma: guests  {int(seconds) // 60}:{int(seconds) % 60:02d}  {self.done} of {self.total}, {log}"
        if sys.stderr.isatty():
            end = "\n" if self.done == self.total else ""
            print(f"\r\033[K{text}", end=end, file=sys.stderr, flush=True)
        elif self.done == self.total:
            print(text.rpartition(",")[0], file=sys.stderr, flush=True)


def booted(*which):
    """The outcome of a guest, which is booted if it was not yet."""
    boot_together([which])
    return _outcomes[which]


def guest_end(*which):
    """The guest's own end, as a result."""
    outcome = booted(*which)
    if outcome.problem:
        a_guest = make_guest(*which)
        return ktap.Result(END, "failed", f"{outcome.problem}; log: {a_guest.log}", guest.report(a_guest, outcome))
    return ktap.Result(END, "passed")


@functools.cache
def guest_results(*which):
    """Each result of a guest's KTAP, and its own end, first."""
    return [guest_end(*which), *ktap.parse(booted(*which).lines, Path(os.environ["SAFE_DMA_LINUX"]))]
