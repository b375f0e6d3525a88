# SPDX-License-Identifier: GPL-2.0
"""Build the page."""

from pathlib import Path

from safe_dma.report import cost, matrix, space, testrun, timeline, trees
from safe_dma.report.markup import Markup, element, join, plural

HERE = Path(__file__).resolve().parent

SECTIONS = (
    ("checks", "Checks", matrix.section),
    ("trees", "Call trees", trees.section),
    ("space", "IOVA space", space.section),
    ("timeline", "One transfer", timeline.section),
    ("cost", "Cost", cost.section),
)


def summary(run: testrun.Run) -> Markup:
    """Return a summary of the run."""
    checks = [check for scenario in run.scenarios for check in scenario.guest.checks]
    made = {name: sum(check.status == name for check in checks) for name in ("passed", "failed", "skipped")}
    paths = [row for scenario in run.scenarios for row in scenario.calls.rows.values() if row.status == "failed"]
    contradictions = sum(len(scenario.witness.contradictions) for scenario in run.scenarios if scenario.witness)
    verdict = "failed" if made["failed"] or run.counts.get("failed") or paths or contradictions else "passed"
    words = f"{plural(len(checks), 'check')} in {plural(len(run.scenarios), 'scenario')}: "
    words += ", ".join(f"{count} {name}" for name, count in made.items())
    if any(scenario.calls.rows for scenario in run.scenarios):
        words += f"; {plural(len(paths), 'path')} broken"
    if any(scenario.witness for scenario in run.scenarios):
        words += f"; {plural(contradictions, 'claim')} contradicted"
    lines = [element("p", element("b", words), class_=f"verdict {verdict}")]
    if run.counts:
        tests = ", ".join(f"{count} {name}" for name, count in run.counts.items())
        began = f", begun {run.began}" if run.began else ""
        lines.append(element("p", f"make test, on the host and in all guests: {tests}{began}"))
    lines += [element("p", remark, class_="missing") for remark in run.remarks]
    versions = [join(element("dt", name), element("dd", text)) for name, text in run.versions.items()]
    return join(lines, element("dl", versions, class_="versions"))


def build(run: testrun.Run) -> str:
    """Return the HTML of the page."""
    style = (HERE / "style.css").read_text(encoding="utf-8")
    script = (HERE / "script.js").read_text(encoding="utf-8")
    links = [element("a", title, href=f"#{name}") for name, title, _ in SECTIONS]
    toggle = element("button", "Light or dark", type="button", id="theme", hidden=True)
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", "safe-dma: the last test run"),
        element("style", Markup(style)),
    )
    body = element(
        "body",
        element(
            "header",
            element("h1", "safe-dma: the last test run"),
            summary(run),
            element("nav", links, toggle, aria_label="sections"),
        ),
        element(
            "main",
            element(
                "noscript",
                element(
                    "p",
                    "Without JavaScript everything is open, and call trees and details are not shown.",
                    class_="missing",
                ),
            ),
            [element("section", element("h2", title), make(run), id=name) for name, title, make in SECTIONS],
        ),
        element("script", Markup(script)),
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"
