# SPDX-License-Identifier: GPL-2.0
"""The section of costs: charts of the counts of make bench."""

import math
from pathlib import Path

from safe_dma.bench import bench_results
from safe_dma.bench.bench_results import Counts
from safe_dma.report import testrun
from safe_dma.report.markup import Markup, element, join, missing, size

WIDTH = 1000
# Bars: the width of the names, the maximum ratio, the heights of a row and of the heading.
NAMES, MOST, ROW, HEAD = 330, 1.25, 18, 26
BAR = WIDTH - NAMES - 150
# Curves.
LEFT, RIGHT, TOP, HEIGHT = 70, 760, 34, 260

CURVES = (
    # Title, attribute of the axis, and curves: name, operation, implementation.
    (
        "Map and unmap a buffer, or copy into one that stays mapped",
        "size",
        (("C", "single", "hand"), ("library", "single", "library"), ("copied", "copied", "library")),
    ),
    (
        "Map and unmap a page while others stay mapped",
        "count",
        (("C", "beside", "hand"), ("library", "beside", "library")),
    ),
    (
        "Scattered pages: a list, or one IOVA range",
        "count",
        (("list", "sg", "library"), ("range", "iova", "library")),
    ),
)


def bars(counts: Counts) -> Markup:
    """Draw the ratio of library to C of each operation."""
    rows = [(op, counts.ratio(op)) for op in counts.samples if op.name != "copied" and counts.ratio(op) is not None]
    height = HEAD + ROW * len(rows) + 8
    scale = BAR / MOST
    one = NAMES + scale
    parts = [
        element("text", "instructions of the library, relative to C", x=NAMES, y=14, class_="title"),
        element("line", x1=one, y1=HEAD - 4, x2=one, y2=height, class_="one"),
    ]
    for number, (operation, ratio) in enumerate(rows):
        y = HEAD + number * ROW
        library, hand = counts.samples[operation]["library"].median, counts.hand(operation).median
        kind = "bar dear" if ratio > bench_results.allowed(counts, operation) else "bar"
        parts.append(element("text", operation, x=NAMES - 8, y=y + 12, class_="end"))
        parts.append(
            element("rect", x=NAMES, y=y + 2, width=round(min(ratio, MOST) * scale, 1), height=ROW - 5, class_=kind)
        )
        words = f"{ratio:.3f}  {library} to {hand}"
        parts.append(element("text", words, x=round(NAMES + min(ratio, MOST) * scale + 6, 1), y=y + 12))
    return element("svg", parts, viewBox=f"0 0 {WIDTH} {height}", role="img", aria_label=f"costs in {counts.scenario}")


def curve(counts: Counts, title: str, axis: str, lines: tuple) -> Markup | None:
    """Plot instructions over size or count, both logarithmic."""
    found = []
    for name, operation, by in lines:
        points = sorted(
            (getattr(op, axis), samples[by].median)
            for op, samples in counts.samples.items()
            if op.name == operation and by in samples and samples[by].median
        )
        if len(points) > 1:
            found.append((name, points))
    if not found:
        return None
    xs = [x for _, points in found for x, _ in points]
    ys = [y for _, points in found for _, y in points]
    first, last = math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys) + 1))
    low, high = 10**first, 10**last

    def place(x: float, y: float) -> tuple[float, float]:
        across = math.log(x / min(xs)) / math.log(max(xs) / min(xs))
        up = math.log(y / low) / math.log(high / low)
        return round(LEFT + across * (RIGHT - LEFT), 1), round(TOP + (1 - up) * HEIGHT, 1)

    parts = [element("text", title, x=LEFT, y=16, class_="title")]
    for value in (10**power for power in range(first, last + 1)):
        _, y = place(min(xs), value)
        parts.append(element("line", x1=LEFT, y1=y, x2=RIGHT, y2=y, class_="grid"))
        parts.append(element("text", value, x=LEFT - 6, y=y + 3, class_="tick"))
    for value in sorted(set(xs)):
        x, _ = place(value, low)
        words = size(value) if axis == "size" else value
        parts.append(element("text", words, x=x, y=TOP + HEIGHT + 16, class_="below"))
    for number, (name, points) in enumerate(found):
        places = [place(*point) for point in points]
        path = "M" + "L".join(f"{x} {y}" for x, y in places)
        x, y = places[-1]
        parts.append(element("path", d=path, class_=f"curve c{number}"))
        # Curves may end at the same place, so their labels are staggered.
        parts.append(element("text", name, x=x + 8, y=y + 4 + (number - 1) * 12, class_=f"c{number}"))
    return element("svg", parts, viewBox=f"0 0 {WIDTH} {TOP + HEIGHT + 26}", role="img", aria_label=title)


def of(counts: Counts) -> Markup:
    """Draw a scenario."""
    at = bench_results.crossover(counts)
    words = f"Copying is cheaper than mapping below {at:.0f} bytes." if at is not None else None
    return element(
        "details",
        element("summary", counts.scenario),
        bars(counts),
        element("p", words) if words else None,
        [curve(counts, *what) for what in CURVES],
        open=counts.scenario == "strict",
    )


def section(run: testrun.Run) -> Markup:
    """Return the section; the counts may be of another run than the tests."""
    path: Path | None = run.bench
    if path is None:
        return missing("there are no counts: run make bench")
    try:
        everything = bench_results.load(path)
    except bench_results.BenchError as error:
        return missing(str(error))
    about = (
        "Exact counts of guest instructions, the median of many rounds, of the library and of the "
        "same operations in C, in the same module and the same loop."
    )
    return join(element("p", about, class_="legend"), [of(counts) for counts in everything])
