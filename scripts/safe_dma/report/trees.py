# SPDX-License-Identifier: GPL-2.0
"""The section of call trees: the calls of each operation in each scenario."""

from safe_dma.report import testrun
from safe_dma.report.calls import LAYERS, Row, layer
from safe_dma.report.markup import Markup, data, element, join, missing, scroll, select, table

SIGNS = {"passed": "", "failed": " ✗", "skipped": " –"}


def count(value: int | None) -> str:
    """Format a number of instructions."""
    if value is None:
        return "·"
    return f"{value / 1000:.1f}k" if value >= 1000 else str(value)


def for_script(run: testrun.Run, operations: list[str]) -> dict:
    """Return the trees for the script. Equal calls are stored once: a call has the numbers of those below."""
    functions: dict[tuple[str, str], int] = {}
    calls: dict[tuple, int] = {}
    uses: dict[str, dict[str, list]] = {}
    for scenario in run.scenarios:
        for row in scenario.calls.rows.values():
            # The numbers of the calls at each depth whose caller is still to come.
            levels: dict[int, list[int]] = {0: []}
            for depth, name, instructions, file in reversed(row.calls):
                function = functions.setdefault((name, file), len(functions))
                call = (function, -1 if instructions is None else instructions, *levels.pop(depth + 1, []))
                levels.setdefault(depth, []).insert(0, calls.setdefault(call, len(calls)))
            uses.setdefault(row.name, {})[scenario.name] = [levels[0], row.status, row.reason]
    return {
        "functions": [name for name, _ in functions],
        "files": [file for _, file in functions],
        "layers": [layer(*function) for function in functions],
        "layerNames": [[name, file] for name, file, _ in LAYERS],
        "calls": list(calls),
        "operations": [[name, uses[name]] for name in operations],
    }


def cell(row: Row | None, scenario: str, operation: str) -> Markup:
    """Return an operation's cell."""
    if row is None:
        return element("td", title=f"{scenario}: not recorded")
    what = "not called" if not row.calls else f"{len(row.calls)} calls, {row.total} instructions"
    return element(
        "td",
        element(
            "button",
            count(row.total) if row.calls else "·",
            SIGNS[row.status],
            type="button",
            data_scenario=scenario,
            data_operation=operation,
        ),
        class_="f" if row.status == "failed" else None,
        title=f"{scenario}: {what}" + (f"; {row.status}: {row.reason}" if row.reason else ""),
    )


def operations(run: testrun.Run) -> dict[str, str]:
    """Return the operations, each with that of the test device which calls it."""
    return {row.name: row.op for scenario in run.scenarios for row in scenario.calls.rows.values()}


def key(name: str) -> Markup:
    """Draw the colour of a layer."""
    return element("i", class_="key", style=f"background: var(--l-{name})")


def section(run: testrun.Run) -> Markup:
    """Return the section."""
    problems = [missing(f"{each.name}: {each.calls.problem}") for each in run.scenarios if each.calls.problem]
    found = operations(run)
    if not found:
        return join(
            problems,
            missing("The logs have no call trees: run the tests of the paths, or make trace."),
        )
    recorded = [scenario for scenario in run.scenarios if scenario.calls.rows]
    others = [scenario.name for scenario in run.scenarios if not scenario.calls.rows]
    if others:
        problems.append(missing(f"No call trees were recorded in {', '.join(others)}."))
    rows = [
        element(
            "tr",
            element("th", name, " ", element("small", f"op={op}") if op else None, scope="row"),
            [cell(scenario.calls.rows.get(name), scenario.name, name) for scenario in recorded],
        )
        for name, op in found.items()
    ]
    heads = [element("th", element("span", each.name), scope="col", title=each.about) for each in recorded]
    names = [scenario.name for scenario in recorded]
    second = next((name for name in names if name in ("lazy", "passthrough")), names[-1])
    legend = [element("span", key(name), f" {name} ", element("small", file), "  ") for name, file, _ in LAYERS]
    slow = [each.name for each in recorded if each.settings.get("processors", 1) > 1]
    return join(
        element(
            "p",
            "The calls of each operation, from the function graph tracer. Numbers are instructions, "
            "including the calls below. They include the tracer's own work, except those of make "
            "trace: compare them only with each other. ✗ marks an operation that breaks a rule of its "
            "path. A number in the table opens its tree on the left, to compare with the one on the "
            "right.",
            f" In {', '.join(slow)} the guest runs in real time, and numbers are nanoseconds." if slow else "",
        ),
        problems,
        element(
            "div",
            select("tree-operation", "Operation", list(found)),
            select("tree-left", "Scenario", names, names[0]),
            select("tree-right", "Compare with", [("", "nothing"), *names], second),
            element("label", element("input", type="checkbox", id="tree-dma"), element("span", "only DMA layers")),
            class_="controls",
        ),
        element(
            "div", element("div", id="left-tree"), element("div", id="right-tree"), class_="trees", aria_live="polite"
        ),
        element("p", "Layers, by the names of the functions: ", legend, class_="legend"),
        element(
            "details",
            element("summary", "All operations in all scenarios"),
            scroll("scenarios by operations", table(["operation", *heads], element("tbody", rows), id="operations")),
            open=True,
        ),
        data("tree-data", for_script(run, list(found))),
    )
