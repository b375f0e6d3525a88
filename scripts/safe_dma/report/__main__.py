#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Write an HTML page about the last test run, and print its path.

The page shows what is in the logs: nothing is built or run.
"""

import argparse
from pathlib import Path

from safe_dma import command
from safe_dma.report import document, testrun

BUILD = Path(__file__).resolve().parents[3] / ".build"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logs", type=Path, default=BUILD / "log", help="the logs of a test run (default: the last)")
    parser.add_argument("--output", type=Path, default=BUILD / "report.html", help="the page to write")
    args = parser.parse_args(arguments)
    text = document.build(testrun.read(args.logs))
    args.output.parent.mkdir(parents=True, exist_ok=True)
    args.output.write_text(text, encoding="utf-8")
    print(args.output)
    return 0


if __name__ == "__main__":
    command.run(main, testrun.NoRun)
