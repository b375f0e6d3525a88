# SPDX-License-Identifier: GPL-2.0
"""Boot the guest in QEMU, watch its console, and report how it ended."""

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

from safe_dma.guest import devicetree, disk, hotplug, kernel, machine, reports, scenarios

# The time stamp of a kernel message.
TIME = re.compile(r"^\[ *\d+\.\d+\] ")
END = re.compile(r"^guest: end, status (\d+)$")
# If the console has only results, the kernel's log follows between these lines, in the format of
# /dev/kmsg.
LOG_BEGIN = "guest: log begins"
LOG_END = "guest: log ends"
# The last message of a complete log.
LOG_OVER = "guest: log is over"
# The end of the kernel's own boot messages, which only the log needs, unless the boot fails.
INIT = re.compile(r"Run /\S+ as init process$")
# Messages that are fatal to the guest, and their names. The first match counts, and a panic after
# an oops is more specific than the oops.
FATAL = (
    ("hang", re.compile(r"INFO: task .* blocked for more than|soft lockup|rcu.*detected stalls")),
    ("kernel oops", re.compile(r"Internal error: |Unable to handle kernel|BUG: ")),
    ("kernel panic", re.compile(r"Kernel panic - not syncing: (.*)")),
)

# Parameters of kernels with more options than ours, such as Debian's: programs may map registers
# that a driver uses, a suspended port would not see that a device is inserted, and tests of ciphers
# take time.
OTHERS_PARAMETERS = ("iomem=relaxed", "pcie_port_pm=off", "cryptomgr.notests")

# The errors if a guest cannot be booted as specified.
GUEST_ERRORS = (devicetree.DeviceTreeError, machine.MachineError, scenarios.ScenarioError)


@dataclass
class Guest:
    """A guest to boot."""

    qemu: str
    image: Path
    initramfs: Path
    mode: str
    log: Path
    scenario: scenarios.Scenario
    append: str = ""
    # In seconds. With several processors, or with requests to its host, the guest waits in real
    # time.
    timeout: int | None = None
    rdinit: str = "/init"
    # Additional options of QEMU, and additional parameters of the module.
    extra: list[str] = field(default_factory=list)
    parameters: list[str] = field(default_factory=list)
    # Whether the guest may send requests to its host, see hotplug.py.
    asks: bool = False
    # Whether it has an NVMe disk, see disk.py.
    disk: bool = False
    # The directory where its modules were built, to decode reports.
    modules: Path = Path()

    def command(self) -> list[str]:
        """Return QEMU's command line."""
        settings = self.scenario.settings()
        parameters = [*machine.module_parameters(settings), *self.parameters]
        # With oops=panic and panic=-1 every oops ends QEMU. A kernel of the user may run unit tests
        # at boot, whose KTAP would be taken for ours. The kernel passes the mode, which is after
        # "--", to init as an argument, and unknown words before that as environment.
        words = [
            "console=ttyAMA0",
            "oops=panic",
            "panic=-1",
            "kunit.autorun=0",
            *([] if kernel.is_ours() else OTHERS_PARAMETERS),
            # Keep boot messages, which are in dmesg, away from the prompt.
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
        # A disk of the host takes real time.
        real_time = self.mode == "shell" or self.disk
        command += machine.qemu_options(settings, real_time, asks=self.asks)
        command += ["-kernel", str(self.image), "-initrd", str(self.initramfs), "-append", " ".join(words)]
        # At the prompt Ctrl-C goes to the guest.
        command += ["-serial", "mon:stdio"] if self.mode == "shell" else ["-serial", "stdio", "-monitor", "none"]
        return command + self.extra

    def devices(self) -> dict[str, dict]:
        """Return QEMU's options of the devices that can be inserted, by ID."""
        settings = self.scenario.settings()
        return machine.devices(settings) | ({"nvme0": disk.controller(settings)} if self.disk else {})

    def prepared(self) -> list[str]:
        """Return the command line, after creating the files that it needs."""
        command = self.command()
        if not self.scenario.settings()["coherent"]:
            command += ["-dtb", str(devicetree.noncoherent(command, self.log.with_suffix(".dtb")))]
        return command

    def seconds(self) -> int:
        """Return the time limit in seconds."""
        return self.timeout or (900 if self.asks or self.disk or self.scenario.settings()["processors"] > 1 else 600)


@dataclass
class Outcome:
    """The outcome of a guest; `problem` is empty if it ended well."""

    problem: str
    lines: list[str]
    seconds: float
    # The kernel's messages: those among `lines`, or the whole log if the console had only results.
    kernel: list[str] = field(default_factory=list)


def classify(lines: list[str], timed_out: bool, guest: Guest, status: int, qemu_says: str) -> str:
    """Return one line that describes what went wrong; empty if nothing did."""
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
    """Separate the console's own lines from the kernel's log, if it was printed there."""
    if LOG_BEGIN not in lines:
        return lines, None
    begin = lines.index(LOG_BEGIN)
    end = lines.index(LOG_END, begin) if LOG_END in lines[begin:] else len(lines)
    kernel = reports.from_records(lines[begin + 1 : end])
    # A log without its last message is incomplete, even if it reports no problem.
    if not kernel or not kernel[-1].endswith(LOG_OVER):
        raise reports.LogError("the guest's log is incomplete: its last message is missing")
    return lines[:begin] + lines[end + 1 :], kernel


def outcome_of(problem: str, lines: list[str], seconds: float) -> Outcome:
    """Return the outcome of a guest that printed `lines`; a kernel report is a problem, too."""
    try:
        lines, kernel = take_out_log(lines)
    except reports.LogError as error:
        return Outcome(problem or str(error), lines, seconds)
    kernel = lines if kernel is None else kernel
    return Outcome(problem or reports.problem(kernel), lines, seconds, kernel)


def boot(guest: Guest, show) -> Outcome:
    """Run the guest to its end, and call `show` with each line of its console."""
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
        hotplug.Host(guest.devices()) if guest.asks else contextlib.nullcontext() as host,
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
            # Lines of the console end with a carriage return, too.
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
                    # If a task hangs, do not wait for the time limit.
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
    """Return the first report of the kernel, decoded."""
    return reports.decode(reports.first(outcome.kernel), guest.image.parents[3], guest.modules)


def interact(guest: Guest) -> int:
    """Connect the guest's console to this terminal; restore the terminal at the end."""
    settings = termios.tcgetattr(0) if sys.stdin.isatty() else None
    print("Ctrl-A X ends QEMU at once.", flush=True)
    try:
        return subprocess.call(guest.prepared())
    finally:
        if settings:
            termios.tcsetattr(0, termios.TCSADRAIN, settings)
