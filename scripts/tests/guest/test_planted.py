# SPDX-License-Identifier: GPL-2.0
"""The kernel that looks for what is wrong finds it, and so it is found in the guest's log."""

import os
import re

import pytest
from conftest import BUILD, with_programs

from safe_dma.guest import guest, reports
from safe_dma.guest.plan import make_guest

# By what planted.ko is told to do: the kind of what the kernel says, and a part of it.
PLANTED = {
    # The first: lockdep gives up after what is worse.
    "lock_order": ("lockdep", "possible circular locking dependency detected"),
    "use_after_free": ("KASAN", "slab-use-after-free in use_after_free+"),
    "shift_too_far": ("UBSAN", "UBSAN: shift-out-of-bounds in "),
    "sleep_under_spinlock": ("sleep in atomic context", "sleeping function called from invalid context at "),
    "delete_twice": ("list corruption", "list_del corruption"),
    "count_from_zero": ("reference count", "addition on 0; use-after-free"),
    "free_timer": ("object debugger", "ODEBUG: free active "),
    "warn": ("warning", " at warn+"),
    "leak": ("kmemleak", "new suspected memory leaks"),
}
# In the place of init. A second report of sleep in a second is left out by the kernel.
INIT = f"""\
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t debugfs debugfs /sys/kernel/debug
for what in {" ".join(PLANTED)}; do
	echo "begin: $what" >/dev/kmsg
	insmod /lib/planted.ko what=$what && rmmod planted
	sleep 2
done
for _ in 1 2; do
	sleep 6
	echo scan >/sys/kernel/debug/kmemleak
done
echo "guest: end, status 0"
poweroff -f
"""


def planted(tmp_path, variant, init=INIT, **changes):
    """Boot with that init on a kernel; the outcome."""
    archive = BUILD / variant / "initramfs.cpio" if variant else BUILD / "initramfs.cpio"
    whole = with_programs(tmp_path, {"init": init}, archive)
    name = f"planted-{variant}" if variant else "planted"
    return guest.boot(make_guest("run", name, "strict", variant=variant, initramfs=whole, **changes), lambda line: None)


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """All of them, on the kernel of DEBUG=1."""
    if not os.environ["SAFE_DMA_KDIR_DEBUG"]:
        pytest.skip("the kernel of DEBUG=1 was not built")
    return planted(tmp_path_factory.mktemp("planted"), "debug")


def found_of(outcome):
    """The reports that came of each; a leak is found at the end."""
    found, lines, what = {}, [], ""
    for message in [*reports.messages(outcome.kernel), "begin: "]:
        if message.startswith("begin: "):
            found[what] = reports.scan([f"[    0.000000] {line}" for line in lines])
            what, lines = message.removeprefix("begin: "), []
        else:
            lines.append(message)
    return found


@pytest.mark.parametrize("what", PLANTED)
def test_planted(outcome, what):
    """Each is reported, as what it is."""
    kind, text = PLANTED[what]
    found = found_of(outcome)[what]
    assert [report.kind for report in found if text in report.line] == [kind], found


def test_nothing_before(outcome):
    """Not before the first."""
    assert found_of(outcome)[""] == []


def test_guest_has_failed(outcome):
    """Although it ended well, if its init is asked."""
    assert outcome.problem.startswith("the kernel reports a problem, lockdep: WARNING: possible circular locking")


def test_decoded(outcome):
    """The first report has the lines of the source in its stack trace."""
    report = guest.report(make_guest("run", "planted-debug", variant="debug"), outcome)
    assert any(re.search(r"^ +lock_order \(rust/misuse/planted\.c:\d+\)", line) for line in report), report


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("use_after_free", "this kernel does not look for use_after_free"),
        ("nonsense", "what=nonsense is no mistake"),
    ],
)
def test_not_looked_for(tmp_path, what, said):
    """Where nobody would find it, it is refused."""
    init = f"#!/bin/busybox sh\n/bin/busybox insmod /lib/planted.ko what={what} || echo it is refused\n"
    lines = planted(tmp_path, "", init + "/bin/busybox poweroff -f\n", timeout=60).lines
    assert "it is refused" in lines
    assert any(line.endswith(f"planted: {said}") for line in lines)
