#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Count what the library's operations take, beside the same in C, in a guest of each kind."""

import argparse
import contextlib
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from safe_dma.bench import bench_results, code_size
from safe_dma.guest import guest, machine, plan

# All that can be a price of the DMA API, and that the same kernel can have.
SCENARIOS = ("strict", "lazy", "passthrough", "bounce-all", "noncoherent")
# How often each operation is counted: what it takes to give a bounce buffer back depends on which of 128 in a
# row it is. And how often each thread does one in a turn.
ROUNDS = 128
THREAD_ROUNDS = 20000
# What QEMU has to say of a guest.
RECORDED = ("smmuv3_cmdq_opcode", "memory_region_ops_write")
# For which the kernel's own benchmark runs, for a second of the guest's time each.
WITH_TOOL = "SAFE_DMA_MAP_BENCHMARK=Y"
# 32 MiB of bounce buffers, where all are bounced: a list of 256 pages is more than there is otherwise.
BOUNCED = "swiotlb=16384"
# For which time is real.
TIMED = "strict+smp"
# Our kernel for it, unless the user has given one.
VARIANT = "bench" if os.environ.get("SAFE_DMA_KDIR_BENCH") else ""


def scenarios() -> list[str]:
    """Those that are counted: all, or what the user wants, if it is of these."""
    asked = plan.SCENARIO
    if plan.SMP:
        raise bench_results.BenchError("instructions are counted with one processor: leave SMP= out")
    if asked == "strict":
        return [*SCENARIOS]
    if not {*asked.split("+")} <= {*SCENARIOS}:
        raise bench_results.BenchError(f"SCENARIO={asked}: there is a benchmark of {', '.join(SCENARIOS)}")
    return [asked]


def logs() -> Path:
    """Where everything is left."""
    return Path(os.environ["SAFE_DMA_BUILD"]) / "log"


def module() -> Path:
    """The module that was built for it."""
    return (Path(os.environ["SAFE_DMA_BUILD"]) / VARIANT / "module" if VARIANT else plan.TOP) / "bench_dma.ko"


def boot(log: str, scenario: str, append: str = "", **changes) -> guest.Outcome:
    """A guest that counts, to its end."""
    booted = plan.make_guest("bench", log, scenario, append, VARIANT, **changes)
    outcome = guest.boot(booted, lambda line: None)
    if outcome.problem:
        raise bench_results.BenchError(f"{scenario}: {outcome.problem}; log: {booted.log}")
    return outcome


def count(scenario: str, rounds: int = ROUNDS, tool: bool = False) -> bench_results.Counts:
    """What a scenario's guest counts; with the kernel's own benchmark if that is wanted."""
    trace = logs() / f"bench-{scenario}.trace"
    extra = ["-cpu", machine.COUNTING_CPU, "-D", str(trace)]
    for name in RECORDED:
        extra += ["-trace", name]
    words = [WITH_TOOL] if tool else []
    if plan.find(scenario).settings()["bounce"] != "none":
        words.append(BOUNCED)
    outcome = boot(f"bench-{scenario}", scenario, " ".join(words), extra=extra, parameters=[f"rounds={rounds}"])
    with trace.open(encoding="utf-8", errors="replace") as lines:
        counts = bench_results.read(scenario, outcome.lines, lines)
    trace.unlink()
    return counts


def time_threads(threads: int) -> list[tuple[float, float]]:
    """What an operation takes with that many processors at once, in nanoseconds, turn by turn."""
    words = [f"threads={threads}", f"rounds={THREAD_ROUNDS}"]
    outcome = boot(f"bench-threads-{threads}", TIMED, parameters=words)
    return bench_results.turns(outcome.lines)[threads]


def count_all(names: list[str]) -> list[bench_results.Counts]:
    """All scenarios, as many at a time as there are processors."""
    start = time.monotonic()
    done: dict[str, bench_results.Counts] = {}
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        running = [pool.submit(count, name, tool=True) for name in names]
        for future in as_completed(running):
            counts = future.result()
            done[counts.scenario] = counts
            seconds = int(time.monotonic() - start)
            print(
                f"safe-dma: bench  {seconds // 60}:{seconds % 60:02d}  {len(done)} of {len(names)}, {counts.scenario}",
                file=sys.stderr,
                flush=True,
            )
    return [done[name] for name in names]


def report_times() -> list[str]:
    """Lines about several processors. The times of a guest are of its host too: only ratios say something."""
    lines = [f"{TIMED}, several processors, time of the library as a part of that of C, turn by turn:"]
    processors = min(os.cpu_count() or 1, plan.find(TIMED).settings()["processors"])
    for threads in range(1, processors + 1):
        pairs = time_threads(threads)
        least, median, most = bench_results.in_turn(pairs)
        taken = sorted(library for library, _ in pairs)[len(pairs) // 2]
        words = f"{median:.3f} ({least:.3f} to {most:.3f})"
        lines.append(f"  {threads} at once: {words}; a map and unmap takes {taken / 1000:.2f} us")
    return lines


def versions(counted: list[bench_results.Counts]) -> list[str]:
    """Who made all of this."""
    kept = (logs() / "versions").read_text(encoding="utf-8").splitlines()
    return [", ".join([counted[0].kernel, *kept])]


def compare(counted: list[bench_results.Counts], baseline: str) -> list[str]:
    """What has changed since the table that the user names."""
    lines = bench_results.changes(counted, bench_results.load(Path(baseline)))
    return [f"compared with {baseline}:", *(f"  {line}" for line in lines or ["nothing has changed"])]


def main() -> int:
    """The command line is the environment, see main.sh."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    baseline = os.environ.get("BASELINE")
    if baseline:
        # Before all that takes time.
        bench_results.load(Path(baseline))
    counted = count_all(scenarios())
    lines = []
    for counts in counted:
        lines += [*bench_results.table(counts), ""]
    lines += [*code_size.table(module()), "", *report_times(), "", *versions(counted), *bench_results.overview(counted)]
    if baseline:
        lines += ["", *compare(counted, baseline)]
    table = logs() / "bench.csv"
    bench_results.write(table, counted)
    (logs() / "bench.txt").write_text("\n".join([*lines, ""]), encoding="utf-8")
    print("\n".join(lines))
    print(f"\nsafe-dma: bench: as CSV for BASELINE=, of which make report makes charts: {table}")
    dear = [line for counts in counted for line in bench_results.too_dear(counts)]
    for line in dear:
        print(f"safe-dma: error: {line}", file=sys.stderr)
    return 1 if dear else 0


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        try:
            sys.exit(main())
        except KeyboardInterrupt:
            sys.exit(130)
        except (OSError, bench_results.BenchError, code_size.SizeError, *guest.GUEST_ERRORS) as error:
            print(f"safe-dma: error: {error}", file=sys.stderr)
            sys.exit(1)
