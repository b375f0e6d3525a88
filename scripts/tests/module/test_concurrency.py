# SPDX-License-Identifier: GPL-2.0
"""Test that threads use every type of the library that is `Send` or `Sync`, on all processors.

The types are read from rustdoc's pages, which show the compiler's result. The guest's check names
its
results after the types (rust/selftest/concurrency.rs).
"""

import re

import pytest
from conftest import KDIR

from safe_dma.environment import BUILD
from safe_dma.guest import stage
from safe_dma.guest.plan import matrix

PAGE = re.compile(r"(?:struct|enum|union)\.(\w+)\.html")
IMPL = re.compile(r'id="impl-(Send|Sync)-for-.*?<h3 class="code-header">(.*?)</h3>', re.DOTALL)
NAME = re.compile(r"\b[A-Z]\w+")

# Types that need no check with threads, and the reasons.
REASONS = {
    "ToDevice": "has no data",
    "FromDevice": "has no data",
    "Bidirectional": "has no data",
    "Address": "is a number",
    "Limits": "is a device and two numbers",
    "PhysVec": "is two numbers",
    "ErrorWith": "has an error, and the value that was passed",
    "WaitError": "has an error, and the memory or the transfer",
    "UserByte": "is a byte, which safe code never gets",
    "Untrusted": "is the value in it",
    "CommandId": "is a number",
    "Opened": "is a state, which only the methods of its engine get",
    "EntryFlag": "is some numbers",
    "PinDuration": "has no data",
    "UnknownId": "has no data",
    "UnknownCompletion": "has numbers, and the status",
    "Completed": "has the memory, the value and the status of a command that ended",
}


def types(directory):
    """Return which of `Send` and `Sync` each public type implements, under any condition."""
    found = {}
    for path in directory.rglob("*.html"):
        if page := PAGE.fullmatch(path.name):
            for trait, header in IMPL.findall(path.read_text(encoding="utf-8")):
                is_so = "!" not in re.sub(r"<.*?>", "", header).partition(" for ")[0]
                found.setdefault(page[1], set()).update({trait} if is_so else set())
    return found


@pytest.fixture
def known(make):
    """Return the types of this tree."""
    result = make("doc", KDIR=KDIR)
    assert result.returncode == 0, result.stdout
    return types(BUILD / "doc" / "safe_dma" / "dma")


GUEST = "scenario-smp" if "smp" in matrix() else "guest-run"


def named():
    """Return the types that the guest's check names."""
    return {
        name for result in stage.results(GUEST) if "concurrency/" in result.name for name in NAME.findall(result.name)
    }


@pytest.mark.boots(GUEST)
def test_every_type_is_used_by_several_threads(known):
    # Types that implement both traits with and without a condition, and none.
    assert known["Mapping"] == known["Pages"] == {"Send", "Sync"}
    assert known["Segments"] == set()
    shared = {name for name, traits in known.items() if traits}
    assert named() <= shared, "what is named is no such type"
    assert REASONS.keys() <= shared - named(), "what needs no reason has one"
    assert shared - named() - REASONS.keys() == set(), "no thread uses it: extend rust/selftest/concurrency.rs"


def test_types(tmp_path):
    """Check the parsing of headers as rustdoc writes them."""
    row = '<section id="impl-{0}-for-A%3CB%3E" class="impl"><h3 class="code-header">impl&lt;B&gt; {1}{0} for A</h3>'
    pages = {"struct.A.html": ("", "!"), "enum.B.html": ("!", "!"), "fn.c.html": ("", "")}
    for name, marks in pages.items():
        text = "".join(row.format(trait, mark) for trait, mark in zip(("Send", "Sync"), marks, strict=True))
        (tmp_path / name).write_text(text)
    # A page that redirects to another one.
    (tmp_path / "struct.D.html").write_text("<p>Redirecting</p>")
    assert types(tmp_path) == {"A": {"Send"}, "B": set()}
