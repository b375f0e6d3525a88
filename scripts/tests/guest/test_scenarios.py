# SPDX-License-Identifier: GPL-2.0
"""Test that scenarios match their files, combine as they should, and pass every check."""

import re
from pathlib import Path

import pytest
from conftest import KDIR, each, error_line, needs

from safe_dma.guest import guest, machine, scenarios, stage
from safe_dma.guest.guest import TIME
from safe_dma.guest.plan import SCENARIO, Spec, find, make_guest, matrix
from safe_dma.guest.scenarios import Scenario, ScenarioError

# Patterns for the guest's messages about each setting: a pattern for each value in WORDS, and a
# pattern whose last group has the value in NUMBERS.
WORDS = {
    "translation": {
        "strict": r"behind IOMMU smmu3\S+, which translates, strict$",
        "lazy": r"behind IOMMU smmu3\S+, which translates, lazy$",
        "identity": r"behind IOMMU smmu3\S+, which passes addresses through$",
        "none": r"safe_dma \S+ no IOMMU: ",
    },
    "coherent": {True: r"safe_dma .*, cache-coherent$", False: r"safe_dma .*, not cache-coherent$"},
    "firmware": {"acpi": r"^ACPI: IORT 0x", "devicetree": r"^Machine model: linux,dummy-virt$"},
}

NUMBERS = {
    "memory": (r"^Memory: \d+K/(\d+)K available", lambda found: int(found) // 1024),
    "address_bits": (r"safe_dma .*: DMA mask (0x[0-9a-f]+), ", lambda found: int(found, 16).bit_length()),
    "cma": (r"^cma: Reserved (\d+) MiB at", int),
    "processors": (r"^smp: Brought up 1 node, (\d+) CPU", int),
}


GUEST = "scenario-{}"
IN_EACH = each(matrix(), GUEST)


def said(scenario):
    """Return the lines that a scenario's guest printed, without times."""
    return [TIME.sub("", line) for line in stage.outcome(GUEST.format(scenario)).lines]


def matches(pattern, lines):
    """Return all matches of a pattern in the lines."""
    return [match for line in lines if (match := re.search(pattern, line))]


@pytest.mark.parametrize("name", each(matrix(), GUEST, stage.END))
def test_checks(name, judge_all):
    """Judge every check of the module, and the guest's end."""
    judge_all(stage.results(GUEST.format(name)))


@pytest.mark.parametrize("name", IN_EACH)
def test_no_error_counted(name):
    """Check that the DMA debugger counted no error, also after the module was unloaded."""
    needs("DMA_API_DEBUG")
    assert "dma-api error_count: 0" in said(name)


@pytest.mark.parametrize("name", IN_EACH)
def test_no_warning(name):
    """Check that the kernel printed no warning."""
    assert not matches(r"WARNING: |BUG: |Call trace:", said(name))


@pytest.mark.parametrize("setting", WORDS)
@pytest.mark.parametrize("name", IN_EACH)
def test_is_what_it_says(name, setting):
    """Check that the guest's messages match its setting, and no other value of it."""
    lines = said(name)
    true = [value for value, pattern in WORDS[setting].items() if matches(pattern, lines)]
    assert true == [find(name).settings()[setting]]


@pytest.mark.parametrize("setting", NUMBERS)
@pytest.mark.parametrize("name", IN_EACH)
def test_has_what_it_says(name, setting):
    """Check that the guest's messages have the number of its setting."""
    pattern, value = NUMBERS[setting]
    found = {value(match[1]) for match in matches(pattern, said(name))}
    expected = find(name).settings()[setting]
    if setting == "memory":
        # Firmware reports its flash as memory, and reserves some.
        found = {expected if abs(each - expected) <= 64 else each for each in found}
    assert found == ({expected} if expected else set())


@pytest.mark.parametrize("name", IN_EACH)
def test_number_of_devices(name):
    """Check the number of devices, and that each has results and stays bound."""
    devices = find(name).settings()["devices"]
    assert len(matches(r"safe_dma \S+ edu \[1234:11e8\]", said(name))) == devices
    assert len(matches(r"safe_dma \S+ # Totals: ", said(name))) == devices
    assert not matches(r"probe with driver safe_dma failed", said(name))


@pytest.mark.parametrize("name", scenarios.names())
def test_file(name):
    """Check that a file can be read, differs from the default, and has a short description."""
    scenario = scenarios.find(name)
    assert scenario.says
    assert len(scenario.about) <= 110
    if name != "strict":
        assert scenario.settings() != scenarios.find("strict").settings()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lazy+noncoherent", {"translation": "lazy", "coherent": False}),
        ("bounce-all", {"translation": "identity", "bounce": "forced"}),
        ("bounce-all+nosmmu", {"translation": "none", "bounce": "forced"}),
        ("untrusted+lazy+smp", {"translation": "lazy", "untrusted": True, "processors": 4}),
    ],
)
def test_combination(text, expected):
    """Check that one scenario may narrow the values of another."""
    defaults = {name: setting.default for name, setting in scenarios.SETTINGS.items()}
    assert scenarios.find(text).settings() == defaults | expected


@pytest.mark.parametrize(
    ("text", "both", "setting"),
    [
        ("lazy+passthrough", "lazy and passthrough", "translation"),
        ("acpi+noncoherent", "acpi and noncoherent", "firmware"),
        ("mask28+bounce", "mask28 and bounce", "translation"),
        ("stage2+smp+nosmmu", "stage2 and nosmmu", "translation"),
        ("bounce+nosmmu+passthrough", "bounce+nosmmu and passthrough", "translation"),
    ],
)
def test_contradiction(text, both, setting):
    """Check that a contradiction is refused, and that the scenarios and the setting are named."""
    with pytest.raises(ScenarioError, match=f"^{re.escape(both)} contradict each other: {setting} is "):
        scenarios.find(text)


def test_processors_of_the_user():
    """Check that SMP= must not contradict a scenario."""
    assert scenarios.chosen("lazy", 2).settings()["processors"] == 2
    with pytest.raises(ScenarioError, match="smp and what you ask for contradict"):
        scenarios.chosen("smp", 2)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x = ", "Invalid value"),
        ("stage = 2", "does not say in a line what it is about"),
        ('about = "a\\nb"', "does not say in a line what it is about"),
        ('about = "a"\nstages = 2', "no setting stages; there are translation, "),
        ('about = "a"\nstage = 3', "stage cannot be 3"),
        ('about = "a"\ncoherent = 1', "coherent cannot be 1"),
        ('about = "a"\ntranslation = []', "translation is left without a value"),
    ],
)
def test_bad_file(tmp_path, text, problem):
    """Check that the error names the file and the problem."""
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(ScenarioError) as caught:
        scenarios.read(path)
    assert str(caught.value).startswith(str(path))
    assert problem in str(caught.value)


def test_settings_of_nothing():
    """Check that a scenario without settings is the default."""
    assert Scenario("nothing", "nothing").settings() == scenarios.find("strict").settings()


def test_list(make):
    """Check that make lists each scenario in one line."""
    result = make("scenarios")
    assert result.returncode == 0
    lines = [line for line in result.stdout.splitlines() if not line.startswith("make")]
    assert [line.split()[0] for line in lines] == scenarios.names()
    assert all(len(line.split()) > 3 for line in lines)


@pytest.mark.parametrize("target", ["run", "shell", "test"])
def test_unknown(make, target):
    """Check that an unknown scenario is refused before anything is built."""
    line = error_line(make(target, SCENARIO="lazy+fast"))
    assert line.endswith("SCENARIO=lazy+fast: there is no scenario fast, see make scenarios")


def test_no_firmware(monkeypatch):
    """Check that the package of missing firmware is named."""
    monkeypatch.setattr(machine, "FIRMWARE", Path("/no/such/firmware"))
    problem = guest.boot(make_guest("no-firmware", Spec("run", "acpi")), lambda line: None).problem
    assert problem == "/no/such/firmware is not there: install the package qemu-efi-aarch64"


def test_kernel_with_other_pages(make):
    """Check that a scenario with another page size than KDIR is refused."""
    other = "pages-64k" if find(SCENARIO).settings()["pages"] != "64K" else "pages-16k"
    line = error_line(make("run", SCENARIO=other, KDIR=KDIR))
    assert f"which SCENARIO={other} asks for: configure it with CONFIG_ARM64_" in line


def test_contradiction_on_the_command_line(make):
    """Check that make reports a contradiction in one line."""
    assert "lazy and passthrough contradict each other" in error_line(make("run", SCENARIO="lazy+passthrough"))
