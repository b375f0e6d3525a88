# SPDX-License-Identifier: GPL-2.0
"""Test that each linter is one result, and that .ci/run sums up the counts."""

import os
import subprocess

import pytest
from conftest import TOP

# Replaces lint_all(): a linter that passes, one that fails, one that is missing.
LINTERS = """\
. {top}/scripts/build/lib.sh
. {top}/scripts/build/lint.sh
lint good sh 'the package dash' true
lint bad sh 'the package dash' false
lint none /no/such/linter 'the package nothing' true
echo $lint_passed $lint_failed
"""


def output(command, path=None):
    """Run a command; return its output and status."""
    env = os.environ | ({"PATH": path} if path else {})
    result = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return result.stdout, result.returncode


def test_results():
    """Check that a missing linter counts as failed, and that the package is named."""
    text, _ = output(["bash", "-c", LINTERS.format(top=TOP)])
    assert text.splitlines() == [
        "safe-dma: good: passed",
        "safe-dma: bad: failed, see above",
        "safe-dma: none: failed: /no/such/linter is missing: install the package nothing",
        "1 2",
    ]


@pytest.mark.parametrize(
    ("lint", "count", "status"),
    [
        ("echo 4 passed, 0 failed, 1 skipped", "11 passed, 0 failed, 3 skipped", 0),
        ("echo 3 passed, 1 failed; exit 2", "10 passed, 1 failed, 2 skipped", 1),
        ("echo no kernel; exit 2", "7 passed, 1 failed, 2 skipped", 1),
    ],
)
def test_sum(fake_tool, lint, count, status):
    """Check the sum of make lint and the tests; a part without a count is one failure."""
    path = fake_tool("make", f"if [ $1 = lint ]; then {lint}; else echo 7 passed, 0 failed, 2 skipped; fi")
    text, actual = output([TOP / ".ci" / "run"], path)
    assert (text.splitlines()[-1], actual) == (count, status)
