# SPDX-License-Identifier: GPL-2.0
"""Check the instructions of an operation, from which the tracer's work is subtracted."""

import struct
import sys

import pytest
from conftest import KDIR, LINUX

from safe_dma.guest import kernel
from safe_dma.witness import objects, paths, trace

# The tracer's instructions in a function's own time, and in that of its caller.
INSIDE = 700
AROUND = 1700

# The calls of an operation, their own instructions, and what they call.
TREE = ("map", 30, [("alloc", 9, []), ("walk", 20, [("walk", 10, [("leaf", 5, [])])]), ("alloc", 11, [])])
STRAIGHT = {"leaf": 5, "write_null": 4}
FILES = {"map": ["kernel/dma/mapping.c"], "walk": ["mm/a.c", "mm/b.c"], "leaf": ["mm/b.c", "mm/a.c"]}


def graph(tree, traced, depth=0):
    """Return the tracer's lines, the time and the number of calls if only `traced` are traced."""
    name, own, calls = tree
    lines, time, count = [], own, 0
    for call in calls:
        inner, more, number = graph(call, traced, depth + (name in traced))
        lines += inner
        time += more
        count += number
    if name not in traced:
        return lines, time, count
    took = time + INSIDE
    indent = "  " * (depth + 1)
    duration = f"{took // 1000}.{took % 1000:03} us   |"
    printed = [f" |{indent}{name}() {{", *lines, f"{duration}{indent}}} /* {name} */"]
    # The time in its caller: the function, and the tracer before, in and after it.
    return printed, time + AROUND, count + 1


def recorded(change=lambda what, lines: lines, tree=TREE):
    """Return the guest's output."""
    names = {"map", "alloc", "walk", "leaf"}
    runs = {"all": names, "entries": {"map"}}
    runs |= {f"one {name}": {name, "map"} for name in sorted(names)}
    printed = []
    for what, traced in runs.items():
        for number in (1, 2):
            lines, _, _ = graph(tree, traced)
            printed += [f"trace: begin {what} {number}", *change(f"{what} {number}", lines), "trace: end 0 0"]
    null = f"0.{4 + INSIDE} us |  write_null();"
    return [*printed, "trace: begin one write_null 1", null, "trace: end 0 0", "trace: done"]


def counted(lines, straight=STRAIGHT):
    """Return the counted tree."""
    return trace.Tree(trace.read(lines), straight, FILES)


def flat(calls):
    """Yield name, own and total of each call."""
    for call in calls:
        yield call.name, call.own, call.total
        yield from flat(call.calls)


def test_the_tracer_is_taken_off():
    tree = counted(recorded())
    assert tree.cost.inside == INSIDE
    assert tree.cost.around == dict.fromkeys(["alloc", "leaf", "walk"], AROUND)
    assert tree.cost.known == STRAIGHT
    assert not tree.cost.wrong
    assert not tree.varies
    assert not tree.unsteady
    assert list(flat(tree.counted)) == [
        ("map", 30, 85),
        ("alloc", 9, 9),
        ("walk", 20, 35),
        ("walk", 10, 15),
        ("leaf", 5, 5),
        ("alloc", 11, 11),
    ]


def test_the_sum_of_the_files_is_the_whole():
    tree = counted(recorded())
    assert sum(own for _, own, _ in flat(tree.counted)) == tree.counted[0].total


def test_a_file_of_several_is_that_of_the_caller():
    tree = counted(recorded())
    (root,) = tree.counted
    assert root.calls[1].source == "mm/a.c"
    assert root.calls[1].calls[0].calls[0].source == "mm/a.c"
    assert root.calls[0].source == trace.PROGRAM


def test_an_interrupt_in_one_of_the_runs():
    """Check that the shorter run counts."""

    def longer(what, lines):
        return [line.replace("0.709", "9.709") for line in lines] if what == "one alloc 1" else lines

    tree = counted(recorded(longer))
    assert ("alloc", 9, 9) in flat(tree.counted)
    assert tree.unsteady == ["alloc"]


def test_what_is_not_called_equally_often_is_not_known():
    def without(what, lines):
        return [] if what == "one alloc 2" else lines

    tree = counted(recorded(without))
    assert tree.varies == ["alloc"]
    numbers = list(flat(tree.counted))
    assert ("alloc", None, None) in numbers
    # So the caller's own instructions are not known.
    assert numbers[0] == ("map", None, 85)


def test_functions_that_contradict_each_other_are_named():
    tree = counted(recorded(), STRAIGHT | {"alloc": 3, "map": 30})
    assert tree.cost.inside == INSIDE
    assert tree.cost.wrong == {"alloc": 3, "map": 30}
    assert any("The excess differs" in line and "alloc 3" in line for line in trace.text("op", "strict", "", tree))


def test_symbols_and_suffixes_of_names():
    """Check that a function that the compiler has cloned has its name in the source."""
    lines = [line.replace("one leaf", "one leaf.isra.0").replace("leaf()", "leaf.isra.0()") for line in recorded()]
    lines.insert(0, "trace: symbol ffff800080000010 leaf.isra.0")
    recording = trace.read(lines)
    assert recording.symbols == [(0xFFFF800080000010, "leaf")]
    assert list(flat(trace.Tree(recording, STRAIGHT, FILES).counted)) == list(flat(counted(recorded()).counted))


def test_without_source_files():
    tree = trace.Tree(trace.read(recorded()), STRAIGHT, {})
    lines = trace.text("op", "strict", "", tree)
    assert lines[2] == "    own   total  function"
    assert lines[3] == "     30      85  map"
    assert any("source files are not known" in line for line in lines)
    assert not any("instructions in each file" in line for line in lines)


def test_without_a_function_that_is_known():
    with pytest.raises(trace.TraceError, match="not of this kernel"):
        counted(recorded(), {})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("trace: done", "", "not recorded all"),
        ("trace: end 0 0", "trace: end 0 7", "7 calls were lost"),
        ("trace: done", "trace: cannot: no ftrace", "^no ftrace$"),
    ],
)
def test_a_recording_that_is_not_whole(old, new, message):
    lines = [line.replace(old, new) for line in recorded()]
    with pytest.raises(trace.TraceError, match=message):
        trace.read(lines)


def test_each_operation_is_listed():
    known = trace.operations(trace.OPERATIONS.read_text())
    assert set(known) == {row.op for row in paths.load().rows} - {"probe", "program"}
    assert all(name in trace.listing(known) for name in known)


@pytest.mark.parametrize(("words", "status"), [([], 0), (["map_all"], 1)])
def test_without_an_operation(words, status, monkeypatch, capsys):
    """Check that all are listed."""
    monkeypatch.setattr(sys, "argv", ["trace.py", *words])
    monkeypatch.delenv("OP", raising=False)
    if status:
        with pytest.raises(trace.TraceError, match="OP=map_all: there is no such operation"):
            trace.main()
    else:
        assert trace.main() == 0
    assert "  coherent_atomic  " in capsys.readouterr().out


NOP, RET, MOV = objects.NOP, objects.RET, 0xAA0203E0


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ([NOP, NOP, MOV, RET], 4),
        ([0xD503245F, NOP, NOP, MOV, MOV, RET], 6),
        # Another NOP may be a branch at run time; without the first two nothing is traced.
        ([NOP, NOP, NOP, RET], None),
        ([MOV, RET], None),
        ([NOP, NOP, MOV], None),
        # b, bl, b.eq, cbz, tbnz, br, blr, brk.
        *(
            ([NOP, NOP, branch, RET], None)
            for branch in (
                0x14000001,
                0x94000001,
                0x54000040,
                0xB4000040,
                0x37000040,
                0xD61F0100,
                0xD63F0100,
                0xD4210000,
            )
        ),
    ],
)
def test_instructions_of_a_function_without_a_branch(words, count):
    assert objects.straight(iter(words)) == count


def test_instructions_in_an_image(tmp_path):
    """Check that a function is found by its address, unless it is ambiguous or foreign."""
    image = tmp_path / "Image"
    image.write_bytes(struct.pack("<8I", NOP, 0, NOP, NOP, MOV, RET, MOV, RET))
    base = 0xFFFF800080000000
    symbols = [(base, "_text"), (base + 8, "leaf"), (base + 24, "other"), (base - 8, "module"), (base + 4096, "data")]
    assert objects.straight_in_image(image, symbols) == {"leaf": 4}
    assert objects.straight_in_image(image, [*symbols, (base + 12, "leaf")]) == {}
    assert objects.straight_in_image(image, symbols[1:]) == {}
    # Not of this kernel: the function begins elsewhere.
    assert objects.straight_in_image(image, [(base, "_text"), (base + 12, "leaf")]) == {}


def test_what_is_no_object_has_no_functions(tmp_path):
    file = tmp_path / "a.o"
    for content in (b"", b"\x7fELF", b"#!/bin/sh\n" * 10, struct.pack("<6sxx", b"\x7fELF\x01\x01") * 20):
        file.write_bytes(content)
        assert not list(objects.Elf(file).functions())


def test_files_of_the_kernel_in_use():
    """Check the files of functions in each layer, if the kernel's build has objects."""
    if not kernel.is_ours() and not (KDIR / "kernel" / "dma" / "mapping.o").exists():
        pytest.skip("the kernel's build has no objects")
    files = objects.sources(KDIR, LINUX)
    assert files["dma_map_phys"] == ["kernel/dma/mapping.c"]
    assert files["iommu_map"] == ["drivers/iommu/iommu.c"]
    assert files["arm_smmu_map_pages"] == ["drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.c"]
    assert files["arm_lpae_map_pages"] == ["drivers/iommu/io-pgtable-arm.c"]


def test_a_function_of_the_kernel_in_use():
    if not kernel.is_ours() and not (KDIR / "vmlinux").exists():
        pytest.skip("the kernel's build has no vmlinux")
    straight = objects.straight_functions(KDIR / "vmlinux")
    # Two for the tracer, one for the value, one to return.
    assert straight["write_null"] == 4
    assert "dma_map_phys" not in straight
