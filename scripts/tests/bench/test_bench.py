# SPDX-License-Identifier: GPL-2.0
"""Test the cost of the library against C, counted in guests, and the reading of the counts."""

import dataclasses

import pytest
from conftest import each, error_line

from safe_dma.bench import __main__ as bench
from safe_dma.bench import bench_results, code_size
from safe_dma.bench.bench_results import Counts, Operation, Sample
from safe_dma.environment import ENV
from safe_dma.guest import ktap, plan

SINGLE = Operation("single", 4096, 1)

CONSOLE = """\
[    1.0] bench_dma 0000:00:01.0: bench: nothing=20 rounds=4
[    1.1] bench_dma 0000:00:01.0: bench: op=single size=4096 count=1 by=hand min=90 median=100 max=300 mark=3
[    1.2] bench_dma 0000:00:01.0: bench: op=single size=4096 count=1 by=library min=90 median=95 max=95 mark=5
[    1.3] bench_dma 0000:00:01.0: bench: op=iova size=4096 count=16 is not possible
[    1.4] bench_dma 0000:00:01.0: bench: end
[    1.5] bench: tool -m 0 -g 1
[    1.6] bench: average map latency(us):0.9 standard deviation:0.0
[    1.6] bench: average unmap latency(us):1.8 standard deviation:0.0
""".splitlines()
TRACE = """\
memory_region_ops_write cpu 0 mr 0x55 addr 0x10100000 value 0x3 size 4 name 'edu-mmio'
smmuv3_cmdq_opcode <--- SMMU_CMD_TLBI_NH_VA
smmuv3_cmdq_opcode <--- SMMU_CMD_SYNC
memory_region_ops_write cpu 0 mr 0x55 addr 0x10100080 value 0x9 size 4 name 'edu-mmio'
smmuv3_cmdq_opcode <--- SMMU_CMD_SYNC
smmuv3_cmdq_opcode <--- SMMU_CMD_SYNC
memory_region_ops_write cpu 0 mr 0x55 addr 0x10100000 value 0x4 size 4 name 'edu-mmio'
smmuv3_cmdq_opcode <--- SMMU_CMD_SYNC
memory_region_ops_write cpu 0 mr 0x55 addr 0x10100000 value 0x5 size 4 name 'edu-mmio'
memory_region_ops_write cpu 0 mr 0x55 addr 0x10100000 value 0x6 size 4 name 'edu-mmio'
""".splitlines()
LISTING = """\
0000000000000000 <by_hand_single>:
       0:      	stp	x29, x30, [sp]
       4:      	bl	0x4 <by_hand_single+0x4>
		0000000000000004:  R_AARCH64_CALL26	dma_map_page_attrs
       8:      	ret

000000000000000c <bench_dma::bench::streaming::library_single::<bench_dma::dma::direction::ToDevice, 4096>>:
       c:      	bl	0xc
		000000000000000c:  R_AARCH64_CALL26	helper_twice
      10:      	b	0x10
		0000000000000010:  R_AARCH64_JUMP26	helper_twice

0000000000000014 <helper_twice>:
      14:      	ret
""".splitlines()


def why_not():
    """Return the reason why nothing can be counted; empty if counting is possible."""
    if not ENV.kernel("bench"):
        return "the kernel of make bench was not built"
    try:
        bench.scenarios()
    except bench_results.BenchError as error:
        return str(error)
    return ""


COUNTED = [] if why_not() else bench.scenarios()
ALL = "all is counted"
for scenario in COUNTED:
    plan.SPECS |= bench.specs(scenario)


def is_all_counted(counts):
    """Check that the guest has printed every operation."""
    names = {op.name for op in [*counts.samples, *counts.missing]}
    translates = plan.find(counts.scenario).settings()["translation"] in ("strict", "lazy")
    missing = {op.name for op in counts.missing}
    good = names == {*bench_results.LABELS} and ("iova" in missing) != translates and not (translates and missing)
    return ktap.Result(ALL, "passed" if good else "failed", f"counted: {sorted(names - missing)}")


def judged(counts, operation):
    """Check that an operation takes no more instructions than in C."""
    _, why = bench_results.limit(counts.scenario, operation)
    good = counts.ratio(operation) <= bench_results.allowed(counts, operation)
    reason = f"{counts.samples[operation]}, and {why or 'no reason to be dearer'}"
    return ktap.Result(str(operation), "passed" if good else "failed", reason)


@pytest.mark.long
@pytest.mark.skipif(bool(why_not()), reason=why_not())
@pytest.mark.boots(*(f"bench-nvme-{name}" for name in COUNTED))
@pytest.mark.parametrize("name", each(COUNTED, "bench-{}", ALL))
def test_no_dearer_than_c(name, judge_all):
    """Check each operation, as a result of its own."""
    counts = bench.count(name)
    operations = [op for op in counts.samples if counts.ratio(op) and op.name != "copied"]
    judge_all([is_all_counted(counts), *(judged(counts, operation) for operation in operations)])


def counts(library=95, hand=100, least=90, **more):
    """Return the counts of a scenario with one operation."""
    samples = {SINGLE: {"hand": Sample(90, hand, 300, 1.0), "library": Sample(least, library, 95, 0.0)}}
    return Counts("strict", samples | more.pop("samples", {}), **more)


def test_read():
    """Check that the guest's lines and the commands between marks are read."""
    found = bench_results.read("strict", CONSOLE, TRACE)
    assert found == counts(tool={SINGLE: 2700}, missing=[Operation("iova", 4096, 16)])
    assert found.ratio(SINGLE) == 0.95
    assert "0.950" in bench_results.table(found)[1]
    assert "2700" in bench_results.table(found)[1]


def test_overview():
    """Check the table: counts of the first scenario, and ratios of all that have the operation."""
    lazy = Counts("lazy", {Operation("page", 4096, 1): {"hand": Sample(1, 1, 1)}})
    heads, line = bench_results.overview([counts(tool={SINGLE: 2700}), lazy])
    assert heads.split() == ["instructions", "strict:", "library", "C", "tool", "strict", "lazy"]
    assert line.split()[-5:] == ["95", "100", "2700", "0.950", "-"]


def test_not_to_its_end():
    """Check that the output of a guest without an end line is refused."""
    with pytest.raises(bench_results.BenchError, match="did not come to its end"):
        bench_results.read("strict", CONSOLE[:3])


def test_too_dear():
    """Check that one instruction more than C is too much, unless the operation has a limit."""
    assert bench_results.too_dear(counts(library=100)) == []
    # The ratio of the minima decides.
    assert bench_results.too_dear(counts(library=101)) == []
    (line,) = bench_results.too_dear(counts(library=101, least=91))
    assert line.startswith("strict: map, unmap 4 KiB: 1.010 of what C takes")
    kept = Operation("kept", 4096, 1)
    for median, wrong in ((12, 0), (13, 1)):
        found = counts(samples={kept: {"library": Sample(median, median, 9)}})
        assert len(bench_results.too_dear(found)) == wrong


def test_addresses():
    """Check the allowance for the address, which only operations that map have."""
    for library, wrong in ((2020, 0), (2021, 1)):
        samples = {SINGLE: {"hand": Sample(2000, 2000, 2000), "library": Sample(library, library, library)}}
        assert len(bench_results.too_dear(Counts("strict", samples))) == wrong


def test_crossover():
    """Check that the size is interpolated between the two where the sign changes."""
    samples = {}
    for size, copy, hand in ((64, 10, 100), (1024, 90, 100), (4096, 120, 100)):
        samples[Operation("copied", size, 1)] = {"library": Sample(0, copy, 0)}
        samples[Operation("single", size, 1)] = {"hand": Sample(0, hand, 0)}
    assert bench_results.crossover(Counts("strict", samples)) == 1024 + (4096 - 1024) * 10 / 30
    del samples[Operation("copied", 4096, 1)]
    assert bench_results.crossover(Counts("strict", samples)) is None


def test_written_and_loaded(tmp_path):
    """Check that a table is read as it was written, and that changes are listed."""
    path = tmp_path / "bench.csv"
    bench_results.write(path, [counts(tool={SINGLE: 2700})])
    assert bench_results.load(path) == [counts(tool={SINGLE: 2700})]
    assert bench_results.changes([counts()], bench_results.load(path)) == []
    (line,) = bench_results.changes([counts(library=190)], bench_results.load(path))
    assert line == "strict: map, unmap 4 KiB, library: 95 to 190 (+100.0%)"
    other = dataclasses.replace(counts(), scenario="lazy")
    assert bench_results.changes([other], bench_results.load(path)) == ["lazy: not in the other table"]


@pytest.mark.parametrize("text", ["", "a,b\n", f"{','.join(bench_results.COLUMNS)}\nstrict,single,x,1,hand,1,1,1,\n"])
def test_no_table(tmp_path, text):
    """Check that the error is one line."""
    path = tmp_path / "bench.csv"
    path.write_text(text)
    with pytest.raises(bench_results.BenchError, match="is no table of make bench"):
        bench_results.load(path)


def test_turns():
    """Check that the times of library and C are paired by turn."""
    lines = [
        f"x: bench: threads=2 by={by} turn={turn} rounds=10 ns={ns}"
        for turn, by, ns in ((1, "hand", 100), (1, "library", 90), (2, "hand", 200), (2, "library", 220))
    ]
    (pairs,) = bench_results.turns(lines).values()
    assert pairs == [(9.0, 10.0), (22.0, 20.0)]
    assert bench_results.in_turn(pairs) == (0.9, 1.0, 1.1)


def test_code_size():
    """Check that a function's size includes its callees once, but no functions of the kernel."""
    code = code_size.functions(LISTING)
    assert code["by_hand_single"].size == 12
    name = code_size.find(code, code_size.PAIRS["map, unmap 4 KiB"][0])
    assert (code[name].size, code_size.whole(code, name)) == (8, 12)
    with pytest.raises(code_size.SizeError, match="has 0 functions"):
        code_size.find(code, ("by_hand_page",))


def test_scenarios(monkeypatch):
    """Check which scenarios are counted, and the errors for others."""
    monkeypatch.setattr(plan, "SMP", "")
    for asked, names in (("strict", [*bench.SCENARIOS]), ("lazy+noncoherent", ["lazy+noncoherent"])):
        monkeypatch.setattr(plan, "SCENARIO", asked)
        assert bench.scenarios() == names
    monkeypatch.setattr(plan, "SCENARIO", "lazy+acpi")
    with pytest.raises(bench_results.BenchError, match="there is a benchmark of strict, lazy"):
        bench.scenarios()
    monkeypatch.setattr(plan, "SMP", "2")
    with pytest.raises(bench_results.BenchError, match="leave SMP= out"):
        bench.scenarios()


def test_options(make, tmp_path):
    """Check that an error is reported before anything is built."""
    assert "BASELINE=" in error_line(make("bench", BASELINE=tmp_path / "none.csv"))
    assert "DEBUG=" in error_line(make("bench", DEBUG=1))
