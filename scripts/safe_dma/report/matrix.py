# SPDX-License-Identifier: GPL-2.0
"""The section of checks: a table of checks by scenario, failures first."""

from dataclasses import dataclass, field

from safe_dma.guest.ktap import Result
from safe_dma.report import testrun
from safe_dma.report.console import said
from safe_dma.report.markup import Markup, element, join, plural, scroll, select, table

# The sign of each status, and its meaning.
SIGNS = {"passed": "✓", "failed": "✗", "skipped": "–", "": ""}
MEANINGS = {"passed": "passed", "failed": "failed", "skipped": "skipped", "": "not a check of this guest"}
WORST = ("failed", "skipped", "passed")
# The maximum number of lines of a failed check's log.
LOG_LINES = 40


@dataclass
class Row:
    """A check in all scenarios."""

    subject: str
    name: str
    # By scenario, with a result for each device.
    checks: dict[str, list[Result]] = field(default_factory=dict)

    def status(self, scenario: str) -> str:
        """Return the worst status of all devices, or an empty string."""
        found = {check.status for check in self.checks.get(scenario, [])}
        return next((status for status in WORST if status in found), "")

    @property
    def statuses(self) -> set[str]:
        """Return the statuses in all scenarios."""
        return {self.status(scenario) for scenario in self.checks}


def rows(run: testrun.Run) -> dict[str, list[Row]]:
    """Return the rows of each subject, in the order of the checks in the guests."""
    found: dict[tuple[str, str], Row] = {}
    order: list[tuple[str, str]] = []
    for scenario in run.scenarios:
        at = 0
        counts: dict[tuple[str, str, str], int] = {}
        for check in scenario.guest.checks:
            # Checks of the same name are numbered.
            same = (check.device, check.parent, check.case)
            counts[same] = counts.get(same, 0) + 1
            name = check.case if counts[same] == 1 else f"{check.case} ({counts[same]})"
            key = (check.parent, name)
            if key not in found:
                found[key] = Row(*key)
                order.insert(at, key)
            at = order.index(key) + 1
            found[key].checks.setdefault(scenario.name, []).append(check)
    subjects: dict[str, list[Row]] = {}
    for key in order:
        subjects.setdefault(key[0], []).append(found[key])
    return subjects


def where(row: Row, wanted) -> dict[str, list[str]]:
    """Return the scenarios of each text that `wanted` returns for a check, except the empty one."""
    found: dict[str, list[str]] = {}
    for scenario, checks in row.checks.items():
        for check in checks:
            if text := wanted(check):
                names = found.setdefault(text, [])
                name = f"{scenario} {check.device}" if len(checks) > 1 else scenario
                if name not in names:
                    names.append(name)
    return found


def names(found: list[str], run: testrun.Run) -> str:
    """Format a list of scenarios."""
    return "in all scenarios" if found == [scenario.name for scenario in run.scenarios] else ", ".join(found)


def log(row: Row) -> Markup | None:
    """Return the console lines before each failure, without claims."""
    logs = []
    for scenario, checks in row.checks.items():
        for check in checks:
            lines = [line for line in check.log if "# claim " not in line]
            if check.status == "failed" and lines:
                logs.append(element("pre", f"{scenario}: {check.name}\n" + "\n".join(lines[-LOG_LINES:])))
    return join(logs) if logs else None


def detail(row: Row, run: testrun.Run) -> Markup:
    """Return the details of a row."""
    parts = []
    for status, title in (("failed", "Failed"), ("skipped", "Skipped, because"), ("passed", "Passed, with evidence")):

        def wanted(check, status=status):
            return (said(check) or "no details") if check.status == status else ""

        found = where(row, wanted)
        if found:
            items = [
                element("li", text, " ", element("span", names(who, run), class_="who")) for text, who in found.items()
            ]
            parts.append(join(element("h4", title, class_=status), element("ul", items)))
    return join(parts, log(row))


def cell(row: Row, scenario: testrun.Scenario) -> Markup:
    """Return the cell of a check in a scenario."""
    status = row.status(scenario.name)
    title = f"{scenario.name}: {MEANINGS[status]}"
    return element("td", SIGNS[status], class_=status[:1] or None, title=title if status != "passed" else None)


def table_rows(row: Row, run: testrun.Run, number: int) -> Markup:
    """Return a row and its details, which are hidden at first."""
    name = element("button", row.name, type="button", aria_expanded="false", aria_controls=f"check-{number}")
    mixed = len({row.status(scenario.name) for scenario in run.scenarios}) > 1
    states = " ".join(sorted(row.statuses) + ["differs"] * mixed)
    return join(
        element(
            "tr",
            element("th", name, scope="row"),
            [cell(row, scenario) for scenario in run.scenarios],
            class_="check",
            data_state=states,
        ),
        element(
            "tr",
            element("td", element("div", detail(row, run), class_="pinned"), colspan=len(run.scenarios) + 1),
            class_="detail",
            id=f"check-{number}",
        ),
    )


def count(rows: list[Row], scenario: testrun.Scenario) -> Markup:
    """Return the cell of a subject: its failures, or else its passes."""
    found = [row.status(scenario.name) for row in rows]
    made = [status for status in found if status]
    if not made:
        return element("td", title=f"{scenario.name}: {MEANINGS['']}")
    if failed := found.count("failed"):
        return element("td", f"✗{failed}", class_="f", title=f"{scenario.name}: {failed} of {len(made)} failed")
    passed = found.count("passed")
    title = f"{scenario.name}: {passed} of {len(made)} passed, {found.count('skipped')} skipped"
    return element("td", passed, class_="p" if passed else "s", title=title)


def group(subject: str, rows: list[Row], run: testrun.Run, first: int) -> Markup:
    """Return a subject: a row with counts, which opens its checks."""
    failed = sum("failed" in row.statuses for row in rows)
    heading = element(
        "button",
        subject or "(no subject)",
        element("small", " ", plural(len(rows), "check"), f", {failed} failed" if failed else ""),
        type="button",
        aria_expanded="true",
    )
    return element(
        "tbody",
        element(
            "tr",
            element("th", heading, scope="rowgroup"),
            [count(rows, scenario) for scenario in run.scenarios],
            class_="subject",
        ),
        [table_rows(row, run, first + at) for at, row in enumerate(rows)],
        data_failed=bool(failed),
    )


def totals(run: testrun.Run) -> Markup:
    """Return the last row."""
    cells = []
    for scenario in run.scenarios:
        made = scenario.guest.checks
        passed = sum(check.status == "passed" for check in made)
        cells.append(
            element(
                "td",
                f"✗{len(scenario.failed)}" if scenario.failed else passed,
                class_="f" if scenario.failed else "p",
                title=f"{scenario.name}: {passed} of {len(made)} passed, {len(scenario.failed)} failed",
            )
        )
    heading = element("th", "all checks", scope="row")
    return element("tfoot", element("tr", heading, cells, class_="subject"))


def section(run: testrun.Run) -> Markup:
    """Return the section."""
    found = rows(run)
    subjects = sorted(found, key=lambda subject: not any("failed" in row.statuses for row in found[subject]))
    groups, first = [], 0
    for subject in subjects:
        failed_first = sorted(found[subject], key=lambda row: "failed" not in row.statuses)
        groups.append(group(subject, failed_first, run, first))
        first += len(found[subject])
    heads = [
        element("th", element("span", scenario.name), scope="col", title=scenario.about) for scenario in run.scenarios
    ]
    states = [
        ("", "all checks"),
        ("failed", "failed somewhere"),
        ("skipped", "skipped somewhere"),
        ("differs", "not the same everywhere"),
    ]
    legend = [element("span", element("b", SIGNS[name], class_=name[:1]), " ", name, "  ") for name in WORST[::-1]]
    return join(
        element(
            "div",
            element(
                "label",
                element("span", "Find"),
                element("input", id="find", type="search", placeholder="name, C function"),
            ),
            select("state", "Show", states),
            element(
                "p",
                element("button", "Open all", type="button", id="open-all"),
                " ",
                element("button", "Close all", type="button", id="close-all"),
            ),
            class_="controls",
        ),
        element("p", legend, "empty: no such check. A name opens the evidence, or the reason.", class_="legend"),
        element("p", id="found", role="status"),
        scroll("scenarios by checks", table(["check", *heads], groups, totals(run), id="matrix")),
        element(
            "details",
            element("summary", "Scenarios"),
            element(
                "dl",
                [
                    join(element("dt", each.name), element("dd", each.about, " ", element("small", each.guest.iommu)))
                    for each in run.scenarios
                ],
            ),
        ),
    )
