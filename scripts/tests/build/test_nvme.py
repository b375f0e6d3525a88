# SPDX-License-Identifier: GPL-2.0
"""The NVMe driver has no `unsafe` code but its engine, and is short."""

import re

from conftest import TOP

FILES = [TOP / "rust" / "rust_nvme.rs", TOP / "rust" / "nvme.rs", *sorted((TOP / "rust" / "nvme").glob("*.rs"))]
ENGINE = re.compile(r"^unsafe impl.* Engine for Queue.*?^}$", re.MULTILINE | re.DOTALL)


def code(text: str) -> str:
    """Remove comments and empty lines."""
    return "\n".join(line for line in text.splitlines() if line.strip() and not line.strip().startswith("//"))


def test_only_the_engine_is_unsafe():
    text = "\n".join(code(path.read_text()) for path in FILES)
    assert len(ENGINE.findall(text)) == 1
    assert "unsafe" not in ENGINE.sub("", text)


def test_driver_is_short():
    assert sum(len(code(path.read_text()).splitlines()) for path in FILES) <= 1200
