#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The boot scenarios in qemu/scenarios/, which configure the guest's machine and its kernel.

A file has the settings that differ from the default. Scenarios combine, as in `lazy+noncoherent`,
unless they contradict each other in a setting.
"""

import argparse
import dataclasses
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from safe_dma import command

DIRECTORY = Path(__file__).resolve().parents[3] / "qemu" / "scenarios"


class ScenarioError(Exception):
    """The scenario does not exist or is invalid."""


@dataclass(frozen=True)
class Setting:
    """A setting of scenarios: its default and its possible values."""

    default: object
    values: object
    meaning: str

    def allows(self, value) -> bool:
        """Return whether `value` is valid, also in its type: True is not a number here."""
        return type(value) is type(self.default) and value in self.values


# A file also has "about", a description.
SETTINGS = {
    "translation": Setting(
        "strict", ("strict", "lazy", "identity", "none"), "whether the IOMMU translates, and when the TLB is flushed"
    ),
    "stage": Setting(1, (1, 2), "the stage of translation that the SMMU has"),
    "bounce": Setting("none", ("none", "beyond_mask", "forced"), "which buffers are bounced without translation"),
    "coherent": Setting(True, (True, False), "whether the device is cache-coherent"),
    "untrusted": Setting(False, (True, False), "whether the devices are marked as untrusted"),
    "firmware": Setting("devicetree", ("devicetree", "acpi"), "the description of the machine for the kernel"),
    "memory": Setting(512, range(256, 65537), "MiB"),
    "address_bits": Setting(32, range(28, 53), "the address bits of the device"),
    "cma": Setting(16, range(0, 1025), "MiB that are reserved for contiguous memory"),
    "pages": Setting("4K", ("4K", "16K", "64K"), "the kernel's page size"),
    "processors": Setting(1, range(1, 9), "with one, time is counted in instructions"),
    "devices": Setting(1, range(1, 9), "the number of edu devices"),
    "slots": Setting(False, (True, False), "whether each device is in a slot that supports hot-unplug"),
}


@dataclass(frozen=True)
class Scenario:
    """A scenario, or a combination of several."""

    name: str
    about: str
    # The possible values of each setting, the preferred one first.
    says: dict = field(default_factory=dict)

    def settings(self) -> dict:
        """Return the value of every setting."""
        return {name: self.says.get(name, [setting.default])[0] for name, setting in SETTINGS.items()}

    def with_settings(self, **values) -> "Scenario":
        """Return the scenario with these settings of the user."""
        asked = Scenario("what you ask for", "", {name: [value] for name, value in values.items()})
        return dataclasses.replace(combine([self, asked]), name=self.name, about=self.about)


def read(path: Path) -> Scenario:
    """Read a scenario from a file."""
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
    """Return the names of all scenarios, the default first."""
    found = sorted(path.stem for path in directory.glob("*.toml"))
    return sorted(found, key=lambda name: name != "strict")


def combine(scenarios: list[Scenario]) -> Scenario:
    """Combine scenarios; one may narrow the values that another leaves open."""
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
    """Format the values of a setting."""
    return " or ".join(str(value).lower() if isinstance(value, bool) else str(value) for value in values)


def find(text: str, directory: Path = DIRECTORY) -> Scenario:
    """Return the scenario of that name, or the combination of names joined by plus signs."""
    known = names(directory)
    asked = text.split("+")
    for name in asked:
        if name not in known:
            raise ScenarioError(f"no scenario {name!r}: see make scenarios")
    if len(set(asked)) != len(asked):
        raise ScenarioError(f"SCENARIO={text} names a scenario twice")
    return combine([read(directory / f"{name}.toml") for name in asked])


def chosen(text: str, processors: int | None) -> Scenario:
    """Return the scenario for the user's SCENARIO= and, if it is a number, SMP=."""
    scenario = find(text)
    return scenario if processors is None else scenario.with_settings(processors=processors)


def main() -> int:
    """Print a list of all scenarios, or one setting of one scenario."""
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
