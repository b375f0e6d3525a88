# SPDX-License-Identifier: GPL-2.0
"""Test that all reports of the kernel are found in its log, except those that a test provokes."""

import re
import shutil

import pytest
from conftest import KDIR, LINUX, TOP

from safe_dma.guest import reports
from safe_dma.guest.reports import LogError, Report

TEXTS = [
    (kind, file, literal)
    for kind, files in reports.KINDS.items()
    for file, literals in files.items()
    for literal in literals
]
# Example output of conversions.
SAMPLES = {"s": "word", "d": "7", "i": "7", "u": "7", "x": "2a", "c": "c"}
# The printed text of literals that are only a part of it.
WHOLE = {
    'pr_fmt("%s %s: ")': "DMA-API: safe_dma 0000:00:01.0: device driver frees DMA memory",
    '"refcount_t: " str ".\\n"': "refcount_t: underflow; use-after-free.",
    '__LOG_PREFIX: &[u8] = b"rust_kernel\\0"': "rust_kernel: panicked at rust/dma.rs:1:1:",
    "debugging out of memory - disabling": "DMA-API: debugging out of memory - disabling",
    "%d new suspected memory leaks (see ": "kmemleak: 7 new suspected memory leaks (see /sys/kernel/debug/kmemleak)",
    "Kernel memory leak detector disabled": "kmemleak: Kernel memory leak detector disabled",
}


def printed(literal):
    """Return a line that the literal may print."""
    if literal in WHOLE:
        return WHOLE[literal]
    return reports.CONVERSION.sub(lambda match: SAMPLES.get(match[0][-1], "0x2a"), literal).replace("\\n", "")


def log(*messages):
    """Return the lines of a console with these messages."""
    return [f"[    0.{number:06}] {message}" for number, message in enumerate(messages)]


def scan(*messages):
    """Return the kinds of the reports that are found."""
    return [report.kind for report in reports.scan(log(*messages))]


@pytest.mark.parametrize(("kind", "file", "literal"), TEXTS, ids=[f"{kind}: {text}" for kind, _, text in TEXTS])
def test_text(kind, file, literal):
    """Check that a text is in the kernel's source, and is found as the right kind."""
    source = (LINUX / file).read_text(encoding="utf-8", errors="replace")
    # The compiler joins adjacent literals.
    assert literal in re.sub(r'"\s*\n\s*"', "", source)
    assert scan("something", printed(literal), "something else") == [kind]


@pytest.mark.parametrize("message", ["BUG: something new", "a [ BUG: here ]", "WARNING: of a kind that nobody knows"])
def test_unnamed(message):
    """Check that a report that is not listed is found."""
    assert scan(message) == ["unnamed"]


@pytest.mark.parametrize(
    "message",
    ["safe_dma 0000:00:01.0: edu [1234:11e8]", "random: crng init done", "DMA-API: preallocated 65536 debug entries"],
)
def test_silence(message):
    """Check that harmless messages are no reports."""
    assert scan(message) == []


def test_one_report_is_one():
    """Check that a report is one, with its beginning, stack trace and end."""
    block = [reports.BEGIN, "WARNING: lib/refcount.c:25 at x+0x1/0x2, CPU#0: sh/1", "Call trace:", " x+0x1/0x2"]
    block += ["---[ end trace 0000000000000000 ]---"]
    assert scan(*block) == ["warning"]
    assert scan(block[0], "refcount_t: underflow; use-after-free.", *block[1:]) == ["reference count"]
    assert scan(*block, *block) == ["warning", "warning"]
    # It is also one report without its end.
    assert scan(*block[:-2]) == ["warning"]


def test_trace_of_a_report():
    """Check that a stack trace belongs to the report before it, and that a lone one is a report."""
    assert scan("BUG: KASAN: slab-use-after-free in x+0x1/0x2", "Call trace:", " x+0x1/0x2") == ["KASAN"]
    assert scan("Call trace:") == ["stack trace"]
    far = ["nothing"] * (reports.REACH + 1)
    assert scan("BUG: KASAN: invalid-access", *far, "Call trace:") == ["KASAN", "stack trace"]


def test_provoked():
    """Check that a provoked message is a report only before and after its test."""
    wanted = "DMA-API: misuse 0000:00:01.0: device driver frees DMA memory with different size"
    begin, end = "selftest misuse begins", "selftest misuse ends"
    assert scan(begin, reports.BEGIN, wanted, "Call trace:", "---[ end trace 0 ]---", end) == []
    assert scan(wanted) == ["DMA debugger"]
    assert scan(begin, end, wanted) == ["DMA debugger"]
    assert scan("selftest bind begins", wanted) == ["DMA debugger"]
    assert scan(begin, "BUG: KASAN: invalid-access", wanted) == ["KASAN"]
    # A stack trace without a block belongs to the message before it.
    assert scan("selftest nvme_faults begins", "fail_nth: vmalloc error: size 1, failed", "Call trace:") == []
    assert scan("fail_nth: vmalloc error: size 1, failed", "Call trace:") == ["stack trace"]
    # A provoked message and a report in one block.
    assert scan(begin, reports.BEGIN, wanted, "BUG: KASAN: invalid-access", "---[ end trace 0 ]---") == ["KASAN"]


def test_no_reason():
    """Check that the debugger's false report is ignored, but only with several processors."""
    source = re.sub(r'"\s*\n\s*"', "", (LINUX / "kernel/dma/debug.c").read_text(encoding="utf-8"))
    assert reports.NO_REASON in source
    assert '"Brought up %d node%s, %d CPU%s\\n"' in (LINUX / "kernel/smp.c").read_text(encoding="utf-8")
    for file in ("qemu/init", "scripts/selftests/common.sh"):
        assert reports.NO_REASON.strip() in (TOP / file).read_text(encoding="utf-8"), file

    one, four = "smp: Brought up 1 node, 1 CPU", "smp: Brought up 1 node, 4 CPUs"
    said = f"DMA-API: safe_dma 0000:00:01.0: {reports.NO_REASON}[device address=0x1000] [size=8 bytes]"
    block = [reports.BEGIN, said, "WARNING: kernel/dma/debug.c:1159 at check_sync+0x1/0x2, CPU#1: soak/1"]
    block += ["Call trace:", " check_sync+0x1/0x2", "---[ end trace 0 ]---"]
    assert scan(four, *block, *block) == []
    assert scan(one, *block) == ["DMA debugger"]
    assert scan(*block) == ["DMA debugger"]
    # No other text is ignored, nor another report in the same block.
    assert scan(four, said.replace("sync", "free")) == ["DMA debugger"]
    assert scan(four, *block[:2], "BUG: KASAN: invalid-access", *block[2:]) == ["KASAN"]


def test_problem():
    """Check the line that describes the reports."""
    assert reports.problem(log("nothing")) == ""
    lines = log("selftest bind begins", "BUG: KASAN: invalid-access", "BUG: something")
    assert reports.problem(lines) == (
        "the kernel reports a problem, KASAN: BUG: KASAN: invalid-access, during bind (and 1 more)"
    )
    assert str(Report("KASAN", "text")) == "KASAN: text"


def test_records():
    """Check that records are unescaped, and that a missing one is an error."""
    records = ["6,10,1500000,-;first\\x0asecond", " SUBSYSTEM=pci", "4,11,2000001,-;caf\\xe9"]
    assert reports.from_records(records) == ["[    1.500000] first", "[    1.500000] second", "[    2.000001] café"]
    with pytest.raises(LogError, match="kernel messages 11 to 12 are missing"):
        reports.from_records([records[0], "4,13,2000001,-;late"])
    with pytest.raises(LogError, match="this is no kernel message: hello"):
        reports.from_records(["hello"])


def test_first():
    """Check that the first report ends where the kernel ends it."""
    block = ["WARNING: lib/refcount.c:25 at x+0x1/0x2, CPU#0: sh/1", "Call trace:", " x+0x1/0x2"]
    end = "---[ end trace 0 ]---"
    lines = log("nothing", reports.BEGIN, *block, end, reports.BEGIN, *block, end)
    assert reports.first(lines) == block
    assert reports.first(log("nothing")) == []


@pytest.mark.parametrize("has_llvm", [True, False])
def test_decode(tmp_path, monkeypatch, fake_tool, has_llvm):
    """Check that names are demangled by LLVM or binutils, also without debug information."""
    if not has_llvm:
        if not shutil.which("c++filt"):
            pytest.skip("no c++filt")
        monkeypatch.setenv("PATH", fake_tool("llvm-cxxfilt", "cat"))
        monkeypatch.delenv("LIBCLANG_PATH", raising=False)
    names = ["Call trace:", " _RNvNtCs1234_7example3foo3bar+0x1/0x2 [safe_dma]"]
    decoded = reports.decode(names, KDIR, tmp_path)
    assert decoded[0] == names[0]
    assert decoded[1].strip().startswith("example::foo::bar+0x1")
