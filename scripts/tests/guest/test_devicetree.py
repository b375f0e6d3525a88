# SPDX-License-Identifier: GPL-2.0
"""Test the device tree of a non-coherent device, and the errors of one line."""

import subprocess

import pytest

from safe_dma.guest import devicetree, guest
from safe_dma.guest.plan import Spec, make_guest


def some_guest(directory, scenario="noncoherent"):
    """Return a guest whose files are in `directory`."""
    result = make_guest("none", Spec("run", scenario))
    # QEMU takes a comma as a separator.
    result.log = directory / "a,b.log"
    return result


@pytest.fixture
def problem(tmp_path, monkeypatch):
    """Return a function that boots a guest with this PATH, and returns its problem."""

    def boot(path, qemu=None):
        monkeypatch.setenv("PATH", str(path))
        a_guest = some_guest(tmp_path)
        a_guest.qemu = qemu or a_guest.qemu
        return guest.boot(a_guest, lambda line: None).problem

    return boot


def properties(dtb, node):
    """Return the names of a node's properties."""
    return subprocess.run(["fdtget", "-p", dtb, node], check=True, stdout=subprocess.PIPE, text=True).stdout.split()


def test_noncoherent(tmp_path):
    """Check that one property is replaced, and all others are unchanged."""
    a_guest = some_guest(tmp_path)
    command = a_guest.prepared()
    assert command[-2:] == ["-dtb", str(tmp_path / "a,b.dtb")]
    found = properties(command[-1], devicetree.NODE)
    subprocess.run(
        [*a_guest.command(), "-machine", f"dumpdtb={tmp_path}/as-it-is.dtb"], check=True, stdin=subprocess.DEVNULL
    )
    as_it_is = properties(tmp_path / "as-it-is.dtb", devicetree.NODE)
    assert set(found) - set(as_it_is) == {devicetree.NONCOHERENT}
    assert set(as_it_is) - set(found) == {devicetree.COHERENT}


def test_coherent(tmp_path):
    """Check that no file is written for a coherent device."""
    assert "-dtb" not in some_guest(tmp_path, "strict").prepared()
    assert not list(tmp_path.iterdir())


def test_fdtput_fails(problem, fake_tool):
    """Check that the message of fdtput is passed on."""
    text = problem(fake_tool("fdtput", "echo it is; echo broken >&2; exit 1"))
    assert text.endswith("fdtput: it is broken")


def test_fdtput_missing(problem, fake_tool, tmp_path):
    """Check that the missing package is named."""
    fake_tool("qemu", "exit 0")
    text = problem(tmp_path / "fake", qemu="qemu")
    assert text == "fdtput is not there: install the package device-tree-compiler"


def test_qemu_fails(problem, fake_tool):
    """Check that QEMU's message is passed on."""
    assert problem(fake_tool("qemu", "echo no such option; exit 1"), qemu="qemu").endswith("qemu: no such option")


@pytest.mark.parametrize(("name", "value"), [("NODE", "/no-such-node"), ("COHERENT", "no-such-property")])
def test_nothing_to_change(problem, fake_tool, monkeypatch, name, value):
    """Check the error for a changed device tree of QEMU."""
    monkeypatch.setattr(devicetree, name, value)
    assert "fdtput: Error at " in problem(fake_tool("nothing", "exit 0"))
