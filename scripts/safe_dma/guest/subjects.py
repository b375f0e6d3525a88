# SPDX-License-Identifier: GPL-2.0
"""The subjects of the module's checks, as rust/selftest.rs lists them."""

import re

from safe_dma.environment import TOP
from safe_dma.guest.scenarios import ScenarioError

LIST = re.compile(r"^const SUBJECTS: .*?= &\[\n(.*?)^\];$", re.MULTILINE | re.DOTALL)
# FORGET, the last one, is left out: it leaks on purpose and has a parameter of its own.
NAME = re.compile(r"^    subject\((?:c\"(\w+)\"|(?!FORGET)([A-Z_]+)),", re.MULTILINE)


def names() -> list[str]:
    """Return the names of all subjects, in order."""
    text = (TOP / "rust" / "selftest.rs").read_text(encoding="utf-8")
    return [literal or constant.lower() for literal, constant in NAME.findall(LIST.search(text)[1])]


def parameters(asked: str) -> tuple[str, ...]:
    """Return the module's parameter for the subjects in CHECKS=: a bit for each."""
    known = names()
    mask = 0
    for name in asked.replace(",", " ").split():
        if name not in known:
            raise ScenarioError(f"CHECKS={asked}: no subject is called {name}; there are {', '.join(known)}")
        mask |= 1 << known.index(name)
    return (f"subjects={mask:#x}",)
