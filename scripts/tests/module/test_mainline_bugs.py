# SPDX-License-Identifier: GPL-2.0
"""Reproduce the bugs of rust/misuse/mainline_bugs.md; a test fails when its bug is fixed."""

import dataclasses
import re

import pytest
from conftest import LINUX, TOP, needs

from safe_dma.guest import reports, stage
from safe_dma.guest.plan import SPECS, Spec

PAGE = TOP / "rust" / "misuse" / "mainline_bugs.md"
SOURCE = TOP / "rust" / "misuse" / "mainline_bugs.rs"
QUOTE = re.compile(r"`([\w/.-]+):(\d+)`: `([^`]+)`")
SEEN = re.compile(r"- Seen(, fatal,)? in `([\w-]+)`(?:, by the DMA debugger)?: `([^`]+)`")
LIBRARY = re.compile(r"- Library: (.+)")

# Replaces init. A file of debugfs stays open while its module is unloaded, unless `harmless`.
# Warnings that are printed once are reset for each bug.
INIT = """\
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t debugfs debugfs /sys/kernel/debug
file=/sys/kernel/debug/mainline_bugs/file
for bug in {numbers}; do
	echo 1 >/sys/kernel/debug/clear_warn_once
	insmod /lib/mainline_bugs.ko bug=$bug harmless={harmless}
	[ ! -e $file ] || exec 3<$file
	[ {harmless} = N ] || exec 3<&-
	rmmod mainline_bugs
	exec 3<&-
done
echo "guest: end, status 0" >/dev/kmsg
poweroff -f
"""


@dataclasses.dataclass(frozen=True)
class Bug:
    """An entry of the page, with collapsed white space."""

    number: int
    title: str
    code: tuple[str, ...]
    text: str

    @property
    def seen(self):
        """Return whether it is fatal, the scenario and the message; None without a reproducer."""
        match = SEEN.search(self.text)
        return match and match.groups()


def read(page):
    """Return the entries of a page."""
    found = []
    for part in re.split(r"^## ", page, flags=re.M)[1:]:
        title, rest = part.split("\n", 1)
        number, name = title.split(". ", 1)
        code = re.findall(r"```ignore\n(.*?)```", rest, flags=re.S)
        lines = [line.partition("//")[0].strip() for line in "".join(code).splitlines()]
        text = " ".join(rest.split()).replace(" - Library:", "\n- Library:")
        found.append(Bug(int(number), name, tuple(lines), text))
    return found


BUGS = {bug.number: bug for bug in read(PAGE.read_text())}
REPRODUCED = [bug.number for bug in BUGS.values() if bug.seen]


def together(number):
    """Return the bugs that share a guest with this one; a fatal bug has a guest of its own."""
    fatal, scenario, _ = BUGS[number].seen
    return [number] if fatal else [n for n in REPRODUCED if BUGS[n].seen[:2] == (None, scenario)]


def spec(numbers, scenario, harmless):
    """Return a guest that runs reproducers."""
    init = INIT.format(numbers=" ".join(map(str, numbers)), harmless=harmless)
    return Spec("run", scenario, timeout=60, programs=(("init", init),))


# The guest of each bug, and one that runs all with `harmless`, like a kernel without the bugs.
GUEST = {number: f"mainline-bugs-{together(number)[0]}" for number in REPRODUCED}
FIXED = "mainline-bugs-fixed"
SPECS |= {GUEST[number]: spec(together(number), BUGS[number].seen[1], "N") for number in REPRODUCED}
SPECS[FIXED] = spec(REPRODUCED, "strict", "Y")


def problem(bug, lines):
    """Return what to do if the messages do not show the bug; empty if they do."""
    messages = reports.messages(lines)
    begin = f"mainline_bugs: bug {bug.number} begins"
    if begin not in messages:
        return f"the reproducer of bug {bug.number} did not run"
    own = messages[messages.index(begin) + 1 :]
    end = [number for number, line in enumerate(own) if line.endswith(" begins")][:1]
    if any(bug.seen[2] in line for line in own[: end[0] if end else None]):
        return ""
    library = LIBRARY.search(bug.text)[1]
    version = re.search(r"^Linux version (\S+)", "\n".join(messages), flags=re.M)[1]
    return f"bug {bug.number} is fixed in Linux {version}: mend {PAGE.name} and drop the work-around: {library}"


@pytest.mark.parametrize("number", [pytest.param(n, marks=pytest.mark.boots(GUEST[n])) for n in REPRODUCED])
def test_bug_is_there(number):
    """Check that the bug shows the message in the page."""
    outcome = stage.outcome(GUEST[number])
    if "by the DMA debugger" in BUGS[number].text:
        needs("DMA_API_DEBUG")
    assert problem(BUGS[number], outcome.kernel) == ""
    assert BUGS[number].seen[0] or "guest: end, status 0" in reports.messages(outcome.kernel)


@pytest.mark.boots(FIXED)
@pytest.mark.parametrize("number", REPRODUCED)
def test_fixed_kernel_is_noticed(number):
    """Check that a bug with a harmless value is reported as fixed."""
    outcome = stage.outcome(FIXED)
    assert outcome.problem == ""
    assert problem(BUGS[number], outcome.kernel).startswith(f"bug {number} is fixed in Linux ")


@pytest.mark.parametrize(
    ("path", "line", "text"), [quote for bug in BUGS.values() for quote in QUOTE.findall(bug.text)]
)
def test_quoted_line(path, line, text):
    """Check that a quoted line is in the source, with its number in the page's version."""
    lines = [" ".join(each.split()) for each in (LINUX / path).read_text().splitlines()]
    found = [number for number, each in enumerate(lines, 1) if each == text]
    assert found, f"{path} has no such line any more: {text}"
    if f" in Linux {linux_version()}.\n" in PAGE.read_text():
        assert int(line) in found, f"now in lines {found}"


def linux_version():
    """Return the version of the kernel source."""
    said = dict(re.findall(r"^(VERSION|PATCHLEVEL|SUBLEVEL) = (\d+)$", (LINUX / "Makefile").read_text(), flags=re.M))
    return ".".join(said.values())


def plain(line):
    """Strip the functions that choose a value, parentheses and white space from a line of code."""
    return re.sub(r"\bnumber\(|\btimes\(|[()\s]", "", line)


def test_page_is_complete():
    """Check that each entry has its reproducer or a reason, and each reproducer an entry."""
    assert list(BUGS) == list(range(1, len(BUGS) + 1))
    source = SOURCE.read_text()
    constants = dict(re.findall(r"const (\w+): u8 = (\d+);", source))
    arms = re.findall(r"^        ([\w |]+) => ", source, flags=re.M)
    numbers = [constants.get(word, word) for arm in arms for word in arm.split(" | ")]
    assert sorted(int(number) for number in numbers if number.isdigit()) == REPRODUCED
    code = [plain(line) for line in source.splitlines()]
    for bug in BUGS.values():
        assert QUOTE.search(bug.text), bug
        assert all((TOP / path).is_file() for path in re.findall(r"`(rust/(?:dma|testdev)/[\w/.]+)`", bug.text))
        assert bool(bug.seen) != ("- Not reproduced: " in bug.text), bug
        assert bool(bug.seen) == bool(bug.code) == bool(LIBRARY.search(bug.text)), bug
        assert [line for line in bug.code if not any(plain(line) in each for each in code)] == []
