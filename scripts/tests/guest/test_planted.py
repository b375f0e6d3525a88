# SPDX-License-Identifier: GPL-2.0
"""Test that the debugging kernel reports planted mistakes, and its reports are found."""

import re

import pytest

from safe_dma.environment import ENV
from safe_dma.guest import guest, reports, stage
from safe_dma.guest.plan import SPECS, Spec, make_guest

# For each mistake of planted.ko, the kind of the report and a part of its text.
PLANTED = {
    # The first one, because lockdep turns itself off after other reports.
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
# Replaces init. The kernel omits a second report of sleep within a second.
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


def refused(what):
    """Return an init for a kernel without a checker for the mistake."""
    insmod = f"/bin/busybox insmod /lib/planted.ko what={what} || echo it is refused"
    return f"#!/bin/busybox sh\n{insmod}\n/bin/busybox poweroff -f\n"


if ENV.kernel("debug"):
    SPECS["planted-debug"] = Spec("run", "strict", variant="debug", programs=(("init", INIT),))
SPECS |= {
    f"planted-{what}": Spec("run", "strict", timeout=60, programs=(("init", refused(what)),))
    for what in ("use_after_free", "nonsense")
}


def debug(test):
    """Mark a test of the guest with all mistakes, which needs the kernel of DEBUG=1."""
    missing = pytest.mark.skipif(not ENV.kernel("debug"), reason="the kernel of DEBUG=1 was not built")
    return missing(pytest.mark.boots("planted-debug")(pytest.mark.long(test)))


@pytest.fixture
def outcome():
    """Return the outcome of the guest with all mistakes."""
    return stage.outcome("planted-debug")


def found_of(outcome):
    """Return the reports for each mistake; a leak is reported at the end."""
    found, lines, what = {}, [], ""
    for message in [*reports.messages(outcome.kernel), "begin: "]:
        if message.startswith("begin: "):
            found[what] = reports.scan([f"[    0.000000] {line}" for line in lines])
            what, lines = message.removeprefix("begin: "), []
        else:
            lines.append(message)
    return found


@debug
@pytest.mark.parametrize("what", PLANTED)
def test_planted(outcome, what):
    """Check that a mistake is reported, as the right kind."""
    kind, text = PLANTED[what]
    found = found_of(outcome)[what]
    assert [report.kind for report in found if text in report.line] == [kind], found


@debug
def test_nothing_before(outcome):
    """Check that nothing is reported before the first mistake."""
    assert found_of(outcome)[""] == []


@debug
def test_guest_has_failed(outcome):
    """Check that the reports fail the guest although its init ended well."""
    assert outcome.problem.startswith("the kernel reports a problem, lockdep: WARNING: possible circular locking")


@debug
def test_decoded(outcome):
    """Check that the stack trace of the first report has source lines."""
    report = guest.report(make_guest("planted-debug", SPECS["planted-debug"]), outcome)
    assert any(re.search(r"^ +lock_order \(rust/misuse/planted\.c:\d+\)", line) for line in report), report


@pytest.mark.parametrize(
    ("what", "said"),
    [
        pytest.param(what, said, marks=pytest.mark.boots(f"planted-{what}"))
        for what, said in (
            ("use_after_free", "this kernel does not look for use_after_free"),
            ("nonsense", "what=nonsense is no mistake"),
        )
    ],
)
def test_not_looked_for(what, said):
    """Check that a mistake is refused without a checker."""
    lines = stage.outcome(f"planted-{what}").lines
    assert "it is refused" in lines
    assert any(line.endswith(f"planted: {said}") for line in lines)
