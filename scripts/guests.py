# SPDX-License-Identifier: GPL-2.0
"""The guests whose results are looked at, by name, each booted once.

What they are made of is in the environment, see main.sh.
"""

import functools
import os
import sys
from pathlib import Path

import guest
import ktap

# Every buffer is copied to memory that the device can reach, and back: here, and not behind an SMMU
# that a coherent device has, does sync have something to do.
BOUNCE = "iommu.passthrough=1 swiotlb=force"

# The name of the result that is the guest's own.
END = "the guest's end"

# As the user wants the device.
COHERENT = os.environ.get("COHERENT", "y") == "y"

# How many of them.
DEVICES = int(os.environ.get("DEVICES", "1"))

# What booted() takes; in the tests the name is also that of an argument.
GUESTS = {
    "selftest_result": ("test", "guest-test"),
    "check_result": ("run", "guest-run"),
    "bounced_result": ("run", "guest-bounce", BOUNCE),
    "overlap_result": ("test", "guest-overlap", "swiotlb=noforce"),
    "noncoherent_result": ("run", "guest-noncoherent", "", False),
    "peer_result": ("run", "guest-peer", "", COHERENT, 2),
    # Where the debugger says all that it can say, and all can be survived.
    "misuse_result": ("misuse", "guest-misuse", "swiotlb=noforce", True),
}


def make_guest(mode, log, **changes):
    """A guest as `make` boots it, with its log named `log`."""
    build = Path(os.environ["SAFE_DMA_BUILD"])
    settings = {
        "qemu": os.environ["QEMU"],
        "image": Path(os.environ["SAFE_DMA_IMAGE"]),
        "initramfs": build / "initramfs.cpio",
        "mode": mode,
        "log": build / "log" / f"{log}.log",
        "smp": int(os.environ["SMP"]),
        "append": os.environ["APPEND"],
        "timeout": int(os.environ["TIMEOUT"]),
        "coherent": COHERENT,
        "devices": DEVICES,
    }
    return guest.Guest(**(settings | changes))


@functools.cache
def booted(mode, log, append="", coherent=COHERENT, devices=DEVICES):
    """The outcome of a guest that was booted under that name, once in a session."""
    words = f"{os.environ['APPEND']} {append}".strip()
    a_guest = make_guest(mode, log, append=words, coherent=coherent, devices=devices)
    print(f"safe-dma: booting a guest, log: {a_guest.log}", file=sys.stderr, flush=True)
    return guest.boot(a_guest, lambda line: None)


def guest_results(mode, log, *more):
    """Each result of a guest's KTAP, and its own end, first."""
    outcome = booted(mode, log, *more)
    end = ktap.Result(END, "passed")
    if outcome.problem:
        end = ktap.Result(END, "failed", f"{outcome.problem}; log: {make_guest(mode, log).log}")
    return [end, *ktap.parse(outcome.lines, Path(os.environ["SAFE_DMA_LINUX"]))]
