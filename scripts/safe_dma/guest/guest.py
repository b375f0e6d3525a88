# SPDX-License-Identifier: GPL-2.0
"""Boot the guest in QEMU, watch its console, and say how it ended."""

import contextlib
import os
import re
import selectors
import subprocess
import sys
import termios
import time
from dataclasses import dataclass, field
from pathlib import Path

from safe_dma.guest import devicetree, hotplug, machine, reports, scenarios

# Kernel messages have a time before them.
TIME = re.compile(r"^\[ *\d+\.\d+\] ")
END = re.compile(r"^guest: end, status (\d+)$")
# Between these is the kernel's log, as /dev/kmsg has it, where the console is for results alone.
LOG_BEGIN = "guest: log begins"
LOG_END = "guest: log ends"
# The last message of it, if it was kept.
LOG_OVER = "guest: log is over"
# Where the kernel's own start is over, which is in the log only, unless it is where things go wrong.
INIT = re.compile(r"Run /\S+ as init process$")
# What is fatal to the guest, and the name that it gets here. The first that matches counts, but a
# panic that follows an oops says more than the oops.
FATAL = (
    ("hang", re.compile(r"INFO: task .* blocked for more than|soft lockup|rcu.*detected stalls")),
    ("kernel oops", re.compile(r"Internal error: |Unable to handle kernel|BUG: ")),
    ("kernel panic", re.compile(r"Kernel panic - not syncing: (.*)")),
)

# Why a guest cannot be booted as it was described.
GUEST_ERRORS = (devicetree.DeviceTreeError, machine.MachineError, scenarios.ScenarioError)


@dataclass
class Guest:
    """What to boot."""

    qemu: str
    image: Path
    initramfs: Path
    mode: str
    log: Path
    scenario: scenarios.Scenario
    append: str = ""
    # In seconds; with several processors, or if it asks its host, the guest waits in real time, and a device that
    # is slow is slow.
    timeout: int | None = None
    rdinit: str = "/init"
    # More options of QEMU, and more parameters of the module.
    extra: list[str] = field(default_factory=list)
    parameters: list[str] = field(default_factory=list)
    # Whether it may ask its host for something, see hotplug.py.
    asks: bool = False
    # Where its modules were built, for the decoding of reports.
    modules: Path = Path()

    def command(self) -> list[str]:
        """QEMU's command line."""
        settings = self.scenario.settings()
        parameters = [*machine.module_parameters(settings), *self.parameters]
        # oops=panic and panic=-1: whatever goes wrong in the kernel ends QEMU. A kernel of the user's
        # own may run unit tests by itself, whose KTAP would be taken for ours. The mode comes after
        # "--", where the kernel leaves words to init; what it does not know before that goes to init's
        # environment.
        words = [
            "console=ttyAMA0",
            "oops=panic",
            "panic=-1",
            "kunit.autorun=0",
            # What the kernel has to say before there is a prompt is in dmesg.
            *(["loglevel=4"] if self.mode == "shell" else []),
            f"rdinit={self.rdinit}",
            *machine.kernel_parameters(settings),
            f'"SAFE_DMA_PARAMS={" ".join(parameters)}"',
            *(["SAFE_DMA_HOST=hotplug"] if self.asks else []),
            *self.append.split(),
            "--",
            self.mode,
        ]
        command = [self.qemu, "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"]
        command += machine.qemu_options(settings, real_time=self.mode == "shell", asks=self.asks)
        command += ["-kernel", str(self.image), "-initrd", str(self.initramfs), "-append", " ".join(words)]
        # At the prompt Ctrl-C is for the guest.
        command += ["-serial", "mon:stdio"] if self.mode == "shell" else ["-serial", "stdio", "-monitor", "none"]
        return command + self.extra

    def prepared(self) -> list[str]:
        """The command line, and what it needs is there."""
        command = self.command()
        if not self.scenario.settings()["coherent"]:
            command += ["-dtb", str(devicetree.noncoherent(command, self.log.with_suffix(".dtb")))]
        return command

    def seconds(self) -> int:
        """After which it hangs."""
        return self.timeout or (900 if self.asks or self.scenario.settings()["processors"] > 1 else 600)


@dataclass
class Outcome:
    """How a guest ended: `problem` is empty if it ended well."""

    problem: str
    lines: list[str]
    seconds: float
    # What the kernel has said: among the lines, or, if the console was for results, all of it in the log.
    kernel: list[str] = field(default_factory=list)


def classify(lines: list[str], timed_out: bool, guest: Guest, status: int, qemu_says: str) -> str:
    """One line that says what went wrong, or nothing."""
    for line in reversed(lines):
        match = END.match(TIME.sub("", line))
        if match:
            if match[1] == "0":
                return ""
            return f"the guest's {guest.mode} failed with status {match[1]}"
    for name, pattern in reversed(FATAL):
        for line in lines:
            if pattern.search(line):
                return f"{name} in the guest: {line.strip()}"
    last = f'; the last line was "{lines[-1].strip()}"' if lines else "; it printed nothing"
    if timed_out:
        return f"the guest hangs: no end line within {guest.seconds()} s{last}"
    if status != 0:
        return f"QEMU failed with status {status}: {qemu_says or 'no message'}"
    return f"the guest stopped without its end line{last}"


def take_out_log(lines: list[str]) -> tuple[list[str], list[str] | None]:
    """What the console has of its own, and the kernel's log, if it was printed there."""
    if LOG_BEGIN not in lines:
        return lines, None
    begin = lines.index(LOG_BEGIN)
    end = lines.index(LOG_END, begin) if LOG_END in lines[begin:] else len(lines)
    kernel = reports.from_records(lines[begin + 1 : end])
    # A log without its last words has nothing bad to say, and does not say so.
    if not kernel or not kernel[-1].endswith(LOG_OVER):
        raise reports.LogError("the guest's log has no end: who was to keep it did not")
    return lines[:begin] + lines[end + 1 :], kernel


def outcome_of(problem: str, lines: list[str], seconds: float) -> Outcome:
    """How a guest ended that printed those lines: what its kernel reports is a problem, too."""
    try:
        lines, kernel = take_out_log(lines)
    except reports.LogError as error:
        return Outcome(problem or str(error), lines, seconds)
    kernel = lines if kernel is None else kernel
    return Outcome(problem or reports.problem(kernel), lines, seconds, kernel)


def boot(guest: Guest, show) -> Outcome:
    """Run the guest to its end; `show` is called with each line of its console."""
    guest.log.parent.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    try:
        command = guest.prepared()
    except GUEST_ERRORS as error:
        guest.log.write_text("")
        return Outcome(str(error), [], time.monotonic() - start)
    deadline = start + guest.seconds()
    lines: list[str] = []
    timed_out = False
    stopped = False
    with (
        guest.log.open("w", encoding="utf-8") as log,
        guest.log.with_suffix(".qemu").open("w+", encoding="utf-8", errors="replace") as errors,
        hotplug.Host(machine.devices(guest.scenario.settings())) if guest.asks else contextlib.nullcontext() as host,
        subprocess.Popen(
            command + host.options() if host else command,
            stdin=subprocess.PIPE if host else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            pass_fds=[host.fd()] if host else [],
        ) as process,
        selectors.DefaultSelector() as selector,
    ):
        selector.register(process.stdout, selectors.EVENT_READ)
        if host:
            host.begin(process.stdin)
        pending = b""

        def take(raw: bytes):
            # The console ends lines with a carriage return too.
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            lines.append(line)
            log.write(line + "\n")
            log.flush()
            show(line)
            if host:
                host.hear(line)
            return bool(FATAL[0][1].search(line))

        try:
            while not timed_out and not stopped:
                timed_out = not selector.select(max(0.0, deadline - time.monotonic()))
                if timed_out:
                    break
                data = os.read(process.stdout.fileno(), 65536)
                if not data:
                    break
                *complete, pending = (pending + data).split(b"\n")
                for raw in complete:
                    # A task that waits for ever: more time does not help.
                    stopped = take(raw) or stopped
                timed_out = time.monotonic() >= deadline
            if pending:
                take(pending)
        finally:
            if timed_out or stopped or sys.exc_info()[0]:
                process.kill()
            if host:
                host.end()
            status = process.wait()
        errors.seek(0)
        qemu_says = " ".join(errors.read().split())
    problem = classify(lines, timed_out, guest, status, qemu_says)
    return outcome_of(problem, lines, time.monotonic() - start)


def report(guest: Guest, outcome: Outcome) -> list[str]:
    """The first report of the kernel, decoded."""
    return reports.decode(reports.first(outcome.kernel), guest.image.parents[3], guest.modules)


def interact(guest: Guest) -> int:
    """The guest's console on this terminal, which is as before afterwards."""
    settings = termios.tcgetattr(0) if sys.stdin.isatty() else None
    print("Ctrl-A X ends QEMU at once.", flush=True)
    try:
        return subprocess.call(guest.prepared())
    finally:
        if settings:
            termios.tcsetattr(0, termios.TCSADRAIN, settings)
