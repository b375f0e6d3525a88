#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The boot scenarios of qemu/scenarios/: what the guest's machine and its kernel are like.

A file says what is special about its scenario. Scenarios combine, `lazy+noncoherent`, unless two say
different things of the same.
"""

import argparse
import dataclasses
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from safe_dma import command

DIRECTORY = Path(__file__).resolve().parents[3] / "qemu" / "scenarios"


class ScenarioError(Exception):
    """Why there is no such scenario."""


@dataclass(frozen=True)
class Setting:
    """Something that a scenario may say: what it is without one, and what it can be."""

    default: object
    values: object
    meaning: str

    def allows(self, value) -> bool:
        """Whether it can be `value`, which is of the right type too: True is no number here."""
        return type(value) is type(self.default) and value in self.values


# The first word of a file, "about", is for people.
SETTINGS = {
    "translation": Setting(
        "strict", ("strict", "lazy", "identity", "none"), "who translates, and when the TLB forgets"
    ),
    "stage": Setting(1, (1, 2), "the stage of translation that the SMMU has"),
    "bounce": Setting("none", ("none", "beyond_mask", "forced"), "which buffers are bounced where nobody translates"),
    "coherent": Setting(True, (True, False), "whether the device is cache-coherent"),
    "untrusted": Setting(False, (True, False), "whether the driver says that its device is not to be trusted"),
    "firmware": Setting("devicetree", ("devicetree", "acpi"), "how the machine is described to the kernel"),
    "memory": Setting(512, range(256, 65537), "MiB"),
    "address_bits": Setting(32, range(28, 53), "of the device"),
    "cma": Setting(16, range(0, 1025), "MiB that are kept for contiguous memory"),
    "pages": Setting("4K", ("4K", "16K", "64K"), "the kernel's page size"),
    "processors": Setting(1, range(1, 9), "with one, time is counted in instructions"),
    "devices": Setting(1, range(1, 9), "how many edu devices there are"),
    "slots": Setting(False, (True, False), "whether each device is in a slot, out of which it can be pulled"),
}


@dataclass(frozen=True)
class Scenario:
    """A scenario, or several that were combined."""

    name: str
    about: str
    # What it says of each setting: all that it can be, the preferred one first.
    says: dict = field(default_factory=dict)

    def settings(self) -> dict:
        """Every setting's value."""
        return {name: self.says.get(name, [setting.default])[0] for name, setting in SETTINGS.items()}

    def with_settings(self, **values) -> "Scenario":
        """The same, with these settings as the user wants them."""
        asked = Scenario("what you ask for", "", {name: [value] for name, value in values.items()})
        return dataclasses.replace(combine([self, asked]), name=self.name, about=self.about)


def read(path: Path) -> Scenario:
    """The scenario that a file describes."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{path}: {error}") from None
    about = content.pop("about", None)
    if not isinstance(about, str) or not about or "\n" in about:
        raise ScenarioError(f'{path} does not say in a line what it is about: add about = "..."')
    says = {}
    for name, value in content.items():
        if name not in SETTINGS:
            raise ScenarioError(f"{path}: no setting {name}; there are {', '.join(SETTINGS)}")
        says[name] = value if isinstance(value, list) else [value]
        for each in says[name]:
            if not SETTINGS[name].allows(each):
                raise ScenarioError(f"{path}: {name} cannot be {each!r}")
        if not says[name]:
            raise ScenarioError(f"{path}: {name} is left without a value")
    return Scenario(path.stem, about, says)


def names(directory: Path = DIRECTORY) -> list[str]:
    """The scenarios that there are, the default first."""
    found = sorted(path.stem for path in directory.glob("*.toml"))
    return sorted(found, key=lambda name: name != "strict")


def combine(scenarios: list[Scenario]) -> Scenario:
    """All of them at once; what one leaves open another may decide."""
    says = {}
    said_by = {}
    for scenario in scenarios:
        for name, values in scenario.says.items():
            both = [value for value in says.get(name, values) if value in values]
            if not both:
                raise ScenarioError(
                    f"{said_by[name]} and {scenario.name} contradict each other: {name} is "
                    f"{words(says[name])} in the one and {words(values)} in the other"
                )
            if both != says.get(name):
                said_by[name] = "+".join(filter(None, [said_by.get(name), scenario.name]))
            says[name] = both
    return Scenario(
        "+".join(scenario.name for scenario in scenarios), "; ".join(scenario.about for scenario in scenarios), says
    )


def words(values: list) -> str:
    """The values of a setting, for people."""
    return " or ".join(str(value).lower() if isinstance(value, bool) else str(value) for value in values)


def find(text: str, directory: Path = DIRECTORY) -> Scenario:
    """The scenario of that name, or the combination of those between its plus signs."""
    known = names(directory)
    asked = text.split("+")
    for name in asked:
        if name not in known:
            raise ScenarioError(f"no scenario {name!r}: see make scenarios")
    if len(set(asked)) != len(asked):
        raise ScenarioError(f"SCENARIO={text} names a scenario twice")
    return combine([read(directory / f"{name}.toml") for name in asked])


def chosen(text: str, processors: int | None) -> Scenario:
    """What the user asked for with SCENARIO= and, if it is a number, SMP=."""
    scenario = find(text)
    return scenario if processors is None else scenario.with_settings(processors=processors)


def main() -> int:
    """The command line: a list, or one setting of one scenario."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=("list", "get"))
    parser.add_argument("scenario", nargs="?", default="strict")
    parser.add_argument("setting", nargs="?", choices=list(SETTINGS), default="pages")
    args = parser.parse_args()
    if args.command == "get":
        print(find(args.scenario).settings()[args.setting])
        return 0
    known = names()
    width = max(map(len, known))
    for name in known:
        print(f"{name:{width}}  {read(DIRECTORY / f'{name}.toml').about}")
    return 0


if __name__ == "__main__":
    command.run(main, ScenarioError)
