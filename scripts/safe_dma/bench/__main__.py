#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Count the instructions of the library's operations and of the same in C, in several guests."""

import argparse
import dataclasses
import statistics
import sys
from pathlib import Path

from safe_dma import command
from safe_dma.bench import bench_results, code_size, split
from safe_dma.environment import BUILD, ENV, LOGS, TOP
from safe_dma.guest import guest, hotplug, machine, plan, stage

# The scenarios that differ in the cost of the DMA API and run the same kernel.
SCENARIOS = ("strict", "lazy", "passthrough", "bounce-all", "noncoherent")
# The number of rounds of each operation, also of each thread in a turn. The cost of freeing a
# bounce buffer depends on its place in a row of 128.
ROUNDS = 128
THREAD_ROUNDS = 20000
# The events that QEMU records.
RECORDED = ("smmuv3_cmdq_opcode", "memory_region_ops_write")
# Runs the kernel's own benchmark, too, for one second of guest time for each operation.
WITH_TOOL = "SAFE_DMA_MAP_BENCHMARK=Y"
# 32 MiB of bounce buffers if everything is bounced: a list of 256 pages does not fit into the
# default.
BOUNCED = "swiotlb=16384"
# The scenario for measurements in real time.
TIMED = "strict+smp"
# While a driver waits for its first commands, time passes: with sleep=off the clock would skip to the
# next timer, and they would time out.
WAITING = ("-icount", "sleep=on")
# A controller whose disk has no medium.
NVME = (
    *("-blockdev", "driver=null-co,node-name=nvme,size=67108864,read-zeroes=on"),
    *("-device", "nvme,drive=nvme,serial=bench"),
)
# Without doorbells in memory (DBBUF), which QEMU's controller has and hardware has not: nvme.ko uses
# them, and rust_nvme.ko does not.
NO_DBBUF = ("-global", "nvme.dbcs=off")
# The kernel for benchmarks, unless the user has given one.
VARIANT = "bench" if ENV.kernel("bench") else ""


def scenarios() -> list[str]:
    """Return the scenarios to count: all, or the one that the user selected."""
    asked = plan.SCENARIO
    if plan.SMP:
        raise bench_results.BenchError("instructions are counted with one processor: leave SMP= out")
    if asked == "strict":
        return [*SCENARIOS]
    if not {*asked.split("+")} <= {*SCENARIOS}:
        raise bench_results.BenchError(f"SCENARIO={asked}: there is a benchmark of {', '.join(SCENARIOS)}")
    return [asked]


def module() -> Path:
    """Return the path of the benchmark's module."""
    return (BUILD / VARIANT / "module" if VARIANT else TOP) / "bench_dma.ko"


def specs(scenario: str, tool: bool = False) -> dict[str, plan.Spec]:
    """Return the guests that count in a scenario; with `tool`, also with the kernel's benchmark."""
    words = [WITH_TOOL] if tool else []
    if plan.find(scenario).settings()["bounce"] != "none":
        words.append(BOUNCED)
    counting = plan.Spec(
        "bench",
        scenario,
        " ".join(words),
        VARIANT,
        extra=("-cpu", machine.COUNTING_CPU),
        parameters=(f"rounds={ROUNDS}",),
        recorded=RECORDED,
    )
    nvme = dataclasses.replace(
        counting, mode="bench_nvme", extra=(*counting.extra, *WAITING, *NVME, *NO_DBBUF), parameters=(), recorded=()
    )
    return {f"bench-{scenario}": counting, f"bench-nvme-{scenario}": nvme}


def outcome(name: str) -> guest.Outcome:
    """Return the outcome of a guest, which must have ended well."""
    found = stage.outcome(name)
    if found.problem:
        raise bench_results.BenchError(f"{name}: {found.problem}; log: {LOGS / name}.log")
    return found


def count(scenario: str) -> bench_results.Counts:
    """Return the counts of a scenario's guests."""
    name = f"bench-{scenario}"
    with plan.trace_of(name).open(encoding="utf-8", errors="replace") as lines:
        counts = bench_results.read(scenario, outcome(name).lines, lines)
    counts.samples |= bench_results.read(scenario, outcome(f"bench-nvme-{scenario}").lines).samples
    return counts


def report_times() -> list[str]:
    """Return lines about several processors: ratios, since guest times depend on the host."""
    lines = [f"{TIMED}, several processors, time of the library as a part of that of C, turn by turn:"]
    processors = min(ENV.jobs, plan.find(TIMED).settings()["processors"])
    for threads in range(1, processors + 1):
        name = f"bench-threads-{threads}"
        parameters = (f"threads={threads}", f"rounds={THREAD_ROUNDS}")
        plan.SPECS[name] = plan.Spec("bench", TIMED, "", VARIANT, parameters=parameters)
        # Boot it alone, because its time is measured.
        stage.boot_together([name])
        pairs = bench_results.turns(outcome(name).lines)[threads]
        least, median, most = bench_results.in_turn(pairs)
        taken = sorted(library for library, _ in pairs)[len(pairs) // 2]
        words = f"{median:.3f} ({least:.3f} to {most:.3f})"
        lines.append(f"  {threads} at once: {words}; a map and unmap takes {taken / 1000:.2f} us")
    return [*lines, *report_reads(processors)]


def report_reads(processors: int) -> list[str]:
    """Return lines about random reads of the NVMe disk by fio, with a process for each processor."""
    if not plan.programs_of(VARIANT).exists():
        return ["  nvme: not measured, as fio is unpacked from a package in Debian only"]
    lines = []
    for name, options in (("bench-fio", NO_DBBUF), ("bench-fio-dbbuf", ())):
        extra = (*NVME, *options, "-smp", str(processors))
        plan.SPECS[name] = plan.Spec(
            "bench_fio", TIMED, f"SAFE_DMA_JOBS={processors}", VARIANT, extra=extra, tools=True
        )
        stage.boot_together([name])
        pairs = bench_results.turns(outcome(name).lines)[processors]
        least, median, most = bench_results.in_turn(pairs)
        library, hand = (1e9 / statistics.median(times) for times in zip(*pairs, strict=True))
        where = "no doorbells in memory" if options else "doorbells in memory"
        words = f"{median:.3f} ({least:.3f} to {most:.3f}); {library:.0f} reads a second, {hand:.0f} in C"
        lines.append(f"  nvme, {where}, {processors} processes, each 32 reads of 4 KiB in flight: {words}")
    return lines


def report_steps(scenario: str) -> list[str]:
    """Return a table of the steps of a read of the NVMe disk."""
    if not hotplug.available():
        return ["nvme: the steps of a read are not counted without the package qemu.qmp"]
    spec = specs(scenario)[f"bench-nvme-{scenario}"]
    log = LOGS / "bench-log.trace"
    # Only instructions of the kernel.
    extra = (*spec.extra, "-D", str(log), "-dfilter", "0xffff800000000000+0x7fffffffffff")
    plan.SPECS["bench-log"] = dataclasses.replace(spec, mode="bench_log", extra=extra, asks=True)
    stage.boot_together(["bench-log"])
    kernel = (ENV.kernel(VARIANT) / "System.map").read_text(encoding="utf-8").splitlines()
    with log.open(encoding="utf-8", errors="replace") as lines:
        try:
            found = split.table(outcome("bench-log").lines, kernel, lines)
        except split.SplitError as error:
            # As with QEMU 8.0, which cannot log each instruction: it costs this table, and no other.
            found = [f"nvme: the steps of a read are not known: {error}"]
    log.unlink()
    return found


def versions(counted: list[bench_results.Counts]) -> list[str]:
    """Return the versions of the kernel and the tools."""
    kept = (LOGS / "versions").read_text(encoding="utf-8").splitlines()
    return [", ".join([counted[0].kernel, *kept])]


def compare(counted: list[bench_results.Counts], baseline: str) -> list[str]:
    """Return the changes since the table that the user names."""
    lines = bench_results.changes(counted, bench_results.load(Path(baseline)))
    return [f"compared with {baseline}:", *(f"  {line}" for line in lines or ["nothing has changed"])]


def main() -> int:
    """Run the benchmark that the environment describes, see main.sh."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    baseline = ENV.baseline
    if baseline:
        # Check the file before anything that takes time.
        bench_results.load(Path(baseline))
    names = scenarios()
    guests = {guest: spec for name in names for guest, spec in specs(name, tool=True).items()}
    plan.SPECS |= guests
    stage.boot_together([*guests])
    counted = [count(name) for name in names]
    lines = []
    for counts in counted:
        lines += [*bench_results.table(counts), ""]
    lines += [
        *code_size.table(module()),
        "",
        *report_times(),
        "",
        *report_steps(names[0]),
        "",
        *versions(counted),
        *bench_results.overview(counted),
    ]
    if baseline:
        lines += ["", *compare(counted, baseline)]
    table = LOGS / "bench.csv"
    bench_results.write(table, counted)
    (LOGS / "bench.txt").write_text("\n".join([*lines, ""]), encoding="utf-8")
    print("\n".join(lines))
    print(f"\nsafe-dma: bench: as CSV for BASELINE=, of which make report makes charts: {table}")
    dear = [line for counts in counted for line in bench_results.too_dear(counts)]
    for line in dear:
        print(f"safe-dma: error: {line}", file=sys.stderr)
    return 1 if dear else 0


if __name__ == "__main__":
    command.run(main, bench_results.BenchError, code_size.SizeError, *guest.GUEST_ERRORS)
