# SPDX-License-Identifier: GPL-2.0
"""The section of addresses: the DMA addresses and the memory of each mapping."""

from collections.abc import Iterator
from itertools import chain, groupby

from safe_dma.report import testrun
from safe_dma.report.markup import Markup, data, element, figure, hexadecimal, join, missing, scroll, select
from safe_dma.report.scale import FromTop, Moments, Used
from safe_dma.witness.claims import Claim

WIDTH, LEFT, RIGHT = 1000, 92, 962
# The heights of the subjects, the DMA addresses, a gap, the physical addresses, and the foot.
HEAD, UPPER, BETWEEN, LOWER, FOOT = 64, 270, 46, 230, 14
HEIGHT = HEAD + UPPER + BETWEEN + LOWER + FOOT
# The maximum number of rows in a check's table.
ROWS = 60
KINDS = {"r": "the device may read", "w": "the device may write", "rw": "both", "copy": "a bounce buffer, a copy"}


def kind(mapping: Claim) -> str:
    """Return the class in the style sheet."""
    return "copy" if mapping.copy else mapping.permission


def check(mapping: Claim) -> tuple[str, str, str]:
    """Return device, subject and name of the check that made the mapping."""
    return mapping.check.key


def number(value: float) -> str:
    """Format a coordinate, rounded to half a unit."""
    return f"{round(value * 2) / 2:.1f}".removesuffix(".0")


def column(x: str, width: str, edges: set[tuple[float, float]]) -> str:
    """Return a path of boxes between the edges. Lines on their left side, which fill nothing, join them."""
    # Boxes that are too close to be distinguished are merged.
    merged: list[tuple[float, float]] = []
    for upper, lower in sorted(edges):
        if merged and upper - merged[-1][1] < 0.5:
            merged[-1] = merged[-1][0], max(merged[-1][1], lower)
        else:
            merged.append((upper, lower))
    boxes = [f"{number(upper)}h{width}v{number(lower - upper)}H{x}" for upper, lower in merged]
    return f"M{x} {'V'.join(boxes)}"


class Picture:
    """The picture of one scenario."""

    def __init__(self, scenario: testrun.Scenario):
        self.scenario = scenario
        self.mappings = [mapping for mapping in scenario.witness.seen if mapping.size]
        # Checks, in order; one that continues after another has two slots.
        slots = [list(found) for _, found in groupby(self.mappings, key=check)]
        self.checks: dict[tuple, list[Claim]] = {}
        for found in slots:
            self.checks.setdefault(check(found[0]), []).extend(found)
        starts = [found[0].line for found in slots]
        moments = {mapping.line for mapping in self.mappings}
        moments |= {mapping.unmapped_line for mapping in self.mappings if mapping.unmapped_line}
        self.slots = slots
        self.subject_slots = [
            (subject, len(list(found))) for subject, found in groupby(slots, key=lambda slot: check(slot[0])[1])
        ]
        self.time = Moments(starts, [count for _, count in self.subject_slots], sorted(moments), LEFT, RIGHT)
        self.upper = self.device_scale()
        self.lower = Used(
            [(phys, phys + length) for m in self.mappings for phys, length in m.pieces] or [(0, 1)], LOWER
        )

    def device_scale(self) -> FromTop | Used:
        """Return the scale of the DMA addresses."""
        lowest = min(mapping.dma for mapping in self.mappings)
        highest = max(mapping.end for mapping in self.mappings)
        top = 1 << (highest - 1).bit_length()
        if self.scenario.witness.translated and top - highest < 1 << 20:
            return FromTop(top, lowest, UPPER)
        return Used([(mapping.dma, mapping.end) for mapping in self.mappings], UPPER)

    def axis(self, scale: FromTop | Used, top: float, title: str) -> Markup:
        """Draw an axis and its title."""
        parts = [element("text", title, x=LEFT, y=top - 8, class_="title")]
        last = None
        for y, address in scale.ticks():
            if last is not None and abs(y - last) < 16:
                continue
            last = y
            parts.append(element("text", hexadecimal(address), x=LEFT - 6, y=number(top + y + 3.5), class_="tick"))
            parts.append(element("line", x1=LEFT, x2=RIGHT, y1=number(top + y), y2=number(top + y), class_="grid"))
        for y in scale.breaks():
            parts.append(element("path", d=f"M{LEFT} {number(top + y)}l5-3l5 6l5-3H{RIGHT}", class_="break"))
        return join(parts)

    def subjects(self) -> Markup:
        """Draw a band for each subject."""
        parts = []
        at = 0
        for index, (subject, count) in enumerate(self.subject_slots):
            begin, end = self.time.edges[at], self.time.edges[at + count]
            at += count
            parts.append(
                element(
                    "rect",
                    x=number(begin),
                    y=HEAD - 20,
                    width=number(end - begin),
                    height=HEIGHT - HEAD + 20 - FOOT,
                    class_=f"band{index % 2}",
                )
            )
            x = number(begin + 9)
            turn = f"rotate(-32 {x} {HEAD - 24})"
            parts.append(element("text", subject, x=x, y=HEAD - 24, transform=turn, class_="subject"))
        return join(parts)

    def cross(self, fault: Claim) -> str:
        """Return the path of a fault."""
        x, y = self.time.x(fault.line), HEAD + self.upper.y(fault.dma)
        return f"M{number(x - 4)} {number(y - 4)}l8 8m0-8l-8 8"

    def times(self, mapping: Claim) -> tuple[str, str]:
        """Return the left side and the width of a mapping's boxes."""
        begin = self.time.x(mapping.line)
        unmapped = mapping.unmapped_line
        end = self.time.x(unmapped) if unmapped else self.time.edges[self.time.slot(mapping.line) + 1]
        return number(begin), number(max(end - begin, 1.6))

    def edges(self, mapping: Claim) -> Iterator[tuple[float, float]]:
        """Yield the upper and the lower edges of the boxes of a mapping's addresses and memory."""
        ranges = [(self.upper, HEAD, mapping.dma, mapping.size)]
        ranges += [(self.lower, HEAD + UPPER + BETWEEN, phys, length) for phys, length in mapping.pieces]
        for scale, top, address, length in ranges:
            y = top + scale.y(address + length, end=True)
            yield y, max(top + scale.y(address), y + 2)

    def bars(self) -> Markup:
        """Draw the mappings, grouped by check."""
        groups = []
        for index, ((device, subject, name), mappings) in enumerate(self.checks.items()):
            columns: dict[tuple[str, str, str], set[tuple[float, float]]] = {}
            paths: dict[str, dict[str, None]] = {}
            for mapping in mappings:
                if mapping.event:
                    paths.setdefault("fault", {})[self.cross(mapping)] = None
                else:
                    columns.setdefault((kind(mapping), *self.times(mapping)), set()).update(self.edges(mapping))
            for (colour, *place), edges in columns.items():
                paths.setdefault(colour, {})[column(*place, edges)] = None
            title = f"{subject}: {name}, {len(mappings)} mapped" + (f" by {device}" if self.several else "")
            groups.append(
                element(
                    "g",
                    element("title", title),
                    [element("path", d="".join(parts), class_=colour) for colour, parts in sorted(paths.items())],
                    data_check=index,
                )
            )
        return join(groups)

    @property
    def several(self) -> bool:
        """Return whether there are several devices."""
        return len({mapping.device for mapping in self.mappings}) > 1

    def svg(self) -> Markup:
        """Draw the picture."""
        return element(
            "svg",
            element("title", f"DMA and physical addresses in the scenario {self.scenario.name}"),
            self.subjects(),
            self.axis(self.upper, HEAD, "DMA addresses"),
            self.axis(self.lower, HEAD + UPPER + BETWEEN, "physical addresses of their memory"),
            self.bars(),
            element("text", "order of the mappings →", x=RIGHT, y=HEIGHT - 2, class_="end"),
            viewBox=f"0 0 {WIDTH} {HEIGHT}",
            role="img",
            class_="space",
        )

    def data(self) -> list:
        """Return the mappings of each check for the script, and their number; equal ones are counted."""
        found = []
        for mappings in self.checks.values():
            rows: dict[tuple, list] = {}
            for mapping in mappings:
                key = (
                    mapping.dma,
                    mapping.size,
                    mapping.permission,
                    int(mapping.copy),
                    mapping.event,
                    *chain.from_iterable(mapping.pieces),
                )
                row = rows.setdefault(key, [0, 0])
                row[0] += 1
                row[1] += mapping.translations
            found.append([[[*key[:5], *counts, *key[5:]] for key, counts in list(rows.items())[:ROWS]], len(rows)])
        return found


def of(scenario: testrun.Scenario) -> Markup:
    """Return a scenario's picture, and an element for the mappings of a check."""
    found = scenario.witness
    if not found:
        lines = missing("QEMU's trace is not there: the addresses are not known.")
        return figure(scenario.name, lines)
    lines = [element("p", "Compared with QEMU's trace of the SMMU: ", element("b", found.summary()), ".")]
    if found.contradictions:
        items = [element("li", f"{result.name}: {what}") for result in found.results() for what in result.log]
        lines.append(element("details", element("summary", "Contradictions"), element("ul", items), open=True))
    if not found.seen:
        return figure(scenario.name, lines)
    picture = Picture(scenario)
    groups: dict[str, list] = {}
    for index, (device, subject, name) in enumerate(picture.checks):
        text = f"{name} ({device})" if picture.several else name
        groups.setdefault(subject, []).append((str(index), text))
    options = [("", "none"), *groups.items()]
    return figure(
        scenario.name,
        lines,
        element("div", select(f"space-check-{scenario.name}", "Check", options), class_="controls"),
        scroll(f"addresses in {scenario.name}", picture.svg()),
        element("div", class_="chosen", aria_live="polite"),
        data(f"space-data-{scenario.name}", picture.data()),
    )


def section(run: testrun.Run) -> Markup:
    """Return the section."""
    legend = [element("span", element("i", class_=f"key {name}"), " ", text, "  ") for name, text in KINDS.items()]
    legend.append(element("span", element("i", "✕", class_="key fault"), " the SMMU must stop an access here"))
    return join(
        element(
            "p",
            "Each bar is a mapping, from its map to its unmap: its DMA addresses above, its memory "
            "below. IOVAs are allocated from the top down, and drawn on a logarithmic scale of the "
            "distance from the top. Of other addresses only the used ones are drawn; a zigzag is a "
            "gap. Choose a check, or click on a bar, to see its pages.",
        ),
        element("p", legend, class_="legend"),
        element("div", select("space-scenario", "Scenario", [each.name for each in run.scenarios]), class_="controls"),
        [of(scenario) for scenario in run.scenarios],
    )
