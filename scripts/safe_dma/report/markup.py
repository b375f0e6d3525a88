# SPDX-License-Identifier: GPL-2.0
"""Build HTML and SVG as strings. Text from elsewhere is escaped."""

import html
import json

# Elements without an end tag.
EMPTY = frozenset(("br", "col", "input", "meta", "path", "rect", "line"))


class Markup(str):
    """Text that needs no escaping."""

    __slots__ = ()


def escape(text) -> Markup:
    """Escape text, but not markup."""
    return text if isinstance(text, Markup) else Markup(html.escape(str(text)))


def join(*parts) -> Markup:
    """Concatenate parts, which may be lists or generators; None is skipped."""
    found = []
    for part in parts:
        if part is None:
            continue
        if isinstance(part, str) or not hasattr(part, "__iter__"):
            found.append(escape(part))
        else:
            found.append(join(*part))
    return Markup("".join(found))


def element(name: str, /, *children, **attributes) -> Markup:
    """Return an element. None and False omit an attribute; class_ is class, data_x is data-x."""
    words = [name]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        key = key.rstrip("_").replace("_", "-")
        words.append(key if value is True else f'{key}="{html.escape(str(value))}"')
    if name in EMPTY and not children:
        # SVG requires the slash, and HTML ignores it.
        return Markup(f"<{' '.join(words)}/>")
    return Markup(f"<{' '.join(words)}>{join(*children)}</{name}>")


def data(name: str, value) -> Markup:
    """Return a value for the page's script, with this ID."""
    # No value can end the element.
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
    return Markup(f'<script type="application/json" id="{html.escape(name)}">{text}</script>')


def select(name: str, label: str, options: list, chosen=None) -> Markup:
    """Return a labelled choice. An option is text, (value, text) or (group, [options])."""

    def option(each):
        if isinstance(each, tuple) and isinstance(each[1], list):
            return element("optgroup", map(option, each[1]), label=each[0])
        value, text = each if isinstance(each, tuple) else (each, each)
        return element("option", text, value=value, selected=value == chosen)

    return element("label", element("span", label), element("select", map(option, options), id=name))


def table(heads, *parts, **attributes) -> Markup:
    """Return a table with these heads, text or markup, and the other parts."""
    cells = [head if isinstance(head, Markup) else element("th", head, scope="col") for head in heads]
    return element("table", element("thead", element("tr", cells)), parts, **attributes)


def scroll(label: str, child: Markup) -> Markup:
    """Return a region that scrolls sideways on narrow screens."""
    return element("div", child, class_="scroll", tabindex="0", role="region", aria_label=label)


def figure(scenario: str, *parts) -> Markup:
    """Return a part that the page's script shows while `scenario` is chosen."""
    return element("div", parts, class_="figure", data_scenario=scenario)


def missing(text: str) -> Markup:
    """Return the line that replaces a part without data."""
    return element("p", text, class_="missing")


def hexadecimal(number: int) -> str:
    """Format an address."""
    return f"{number:#x}"


def size(count: int) -> str:
    """Format a number of bytes."""
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if count >= unit and count % unit == 0:
            return f"{count // unit} {name}"
    return f"{count} bytes" if count != 1 else "1 byte"


def plural(count: int, noun: str) -> str:
    """Format a count and a noun."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
