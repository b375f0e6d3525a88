# SPDX-License-Identifier: GPL-2.0
"""Test the division of a read's instructions among its steps."""

from safe_dma.bench import split

KERNEL = """\
ffff800000001000 T vectors
ffff800000002000 T __arm64_sys_io_submit
ffff800000003000 T dma_map_phys
ffff800000004000 t iommu_map
ffff800000005000 T __handle_irq_event_percpu
ffff800000006000 d no_function
""".splitlines()
DRIVER = [(0xFFFF900000000000, "nvme_queue_rq"), (0xFFFF900000001000, "nvme_irq")]
# The instructions of a read, by kind of place: what QEMU logs, and the step to which it belongs.
INSTRUCTIONS = (
    (0x800000001400, split.REST),
    (0x800000002000, split.REST),
    (0x900000000000, "submit"),
    (0x800000003000, "map"),
    (0x800000004000, "map"),
    # An interrupt while the memory is mapped, in which the driver's handler is called.
    (0x800000001280, split.REST),
    (0x800000005000, "complete"),
    (0x900000001000, "complete"),
    (0x800000005004, "complete"),
    (0x800000001284, split.REST),
    # After the interrupt, and after the returns.
    (0x800000004004, "map"),
    (0x800000003004, "map"),
    (0x900000000004, "submit"),
    (0x800000002004, split.REST),
)


def log(addresses):
    """Return QEMU's log of instructions at these addresses."""
    return [f"Trace 0: 0x7f0000000000 [00005001/ffff{address:012x}/00000041/ff022201] \n" for address in addresses]


def test_steps():
    """Check that each instruction counts for the step that began last, and none after the interrupt."""
    symbols = split.Symbols(KERNEL, DRIVER)
    lines = log(address for address, _ in INSTRUCTIONS)
    # QEMU has logged this one twice, and executed it once.
    lines[3:3] = [lines[3], "Stopped execution of TB chain before 0x7f0000000000 [ffff800000003000] \n"]
    (read,) = split.reads(split.executed(lines), [symbols])
    steps = [step for _, step in INSTRUCTIONS[1:]]
    assert read.steps == {step: steps.count(step) for step in steps}
    assert read.functions["driver"] == 3
    assert read.functions["iommu_map"] == 2


def test_usual():
    """Check that reads that warm up, and the last, do not count."""
    found = [split.Read() for _ in range(split.READS)]
    for number, read in enumerate(found):
        read.steps["map"] = 5000 if split.WARM_UP <= number < split.READS - 1 else number
    assert split.usual(found).steps["map"] == 5000
