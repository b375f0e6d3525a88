# SPDX-License-Identifier: GPL-2.0
"""Tell what the current kernel cannot do, so that tests skip what it cannot answer."""

from safe_dma.environment import ENV


def is_ours() -> bool:
    """Return whether this tree has built the kernel: then it has all that the tests need."""
    return (ENV.kdir / "complete").exists()


def has(option: str) -> bool:
    """Return whether the kernel was built with this option of Kconfig."""
    lines = (ENV.kdir / "include" / "config" / "auto.conf").read_text(encoding="utf-8").splitlines()
    return bool({f"CONFIG_{option}=y", f"CONFIG_{option}=m"} & {*lines})


def lacks(option: str) -> bool:
    """Return whether the kernel was built by others, without this option of Kconfig.

    A kernel of ours without an option is an error that no test may skip.
    """
    return not is_ours() and not has(option)
