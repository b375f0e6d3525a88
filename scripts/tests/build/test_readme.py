# SPDX-License-Identifier: GPL-2.0
"""Test that the links, targets and errors in the READMEs exist."""

import re
import subprocess

import pytest
from conftest import TOP

READMES = subprocess.run(
    ["git", "-C", TOP, "ls-files", "*README.md"], check=True, capture_output=True, text=True
).stdout.split()
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([\w-]+))?\)")
TARGET = re.compile(r"(?:`|^ {4})make ([a-z][a-z-]*)", re.MULTILINE)
COST = re.compile(r"^\| .* \| (\d+) \| (\d+)\b.* \|$", re.MULTILINE)
SED = re.compile(r"^ {4}sed -i 's/(.+)/(.+)/' (\S+)$", re.MULTILINE)
MISUSE = re.compile(r"\((rust/compile_fail/\w+\.rs)\).* (E\d{4}): ")


def anchors(text):
    """Return the anchors that GitHub generates from the headings."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", READMES)
def test_links(name):
    path = TOP / name
    for target, anchor in LINK.findall(path.read_text()):
        found = path.parent / target if target else path
        assert found.exists(), target
        assert not anchor or anchor in anchors(found.read_text()), f"{target}#{anchor}"


@pytest.mark.parametrize("name", READMES)
def test_targets(name):
    makefile = (TOP / "Makefile").read_text().replace("\\\n", "")
    known = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split()
    assert set(TARGET.findall((TOP / name).read_text())) - set(known) == set()


def test_sed():
    """Check that each sed command changes the one place that it is about."""
    commands = [command for name in READMES for command in SED.findall((TOP / name).read_text())]
    assert commands
    for old, _, path in commands:
        assert (TOP / path).read_text().count(old) == 1, path


def test_misuses():
    """Check that the table has the errors that the compiler must report."""
    rows = MISUSE.findall((TOP / "README.md").read_text())
    assert len(rows) == 6
    for path, code in rows:
        assert f"//~ ERROR {code}\n" in (TOP / path).read_text(), path


def test_costs():
    """Check that each row is in the whole table."""
    rows = COST.findall((TOP / "README.md").read_text())
    assert len(rows) == 6
    table = (TOP / "rust" / "bench" / "README.md").read_text()
    for library, c in rows:
        assert re.search(rf" {library} +{c} ", table), library
