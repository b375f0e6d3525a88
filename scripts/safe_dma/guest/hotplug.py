# SPDX-License-Identifier: GPL-2.0
"""Serve the guest's requests to its host: unplug a device, plug it in again, slow down its disk, or log
the instructions while it works.

A line `host: device_del edu0` on the guest's console is a request, which is passed to QEMU by QMP.
When QEMU has completed it, which may depend on the guest, `done: device_del edu0` is written to the
console, or `not done:` and the reason.
"""

import asyncio
import contextlib
import re
import socket
import sys
import threading

from safe_dma.environment import ENV
from safe_dma.guest import disk

if ENV.qmp:
    sys.path.append(ENV.qmp)
try:
    from qemu.qmp import ExecuteError, QMPClient, QMPError
except ImportError:
    QMPClient = None

# A request. machine.py defines the IDs of devices.
REQUEST = re.compile(r"host: (device_add|device_del|throttle|unthrottle|log|unlog) ((?:edu|nvme)\d)$")


def available() -> bool:
    """Return whether the package qemu.qmp is installed."""
    return QMPClient is not None


class Host:
    """The thread that serves a guest's requests, from begin() to end()."""

    def __init__(self, devices: dict[str, dict]):
        # The arguments of device_add for each device, by its ID.
        self.devices = devices
        self.ours, self.qemus = socket.socketpair()
        self.loop = asyncio.new_event_loop()
        self.requests = asyncio.Queue()
        self.task = None
        self.thread = threading.Thread(target=self._run)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.loop.close()
        self.ours.close()
        self.qemus.close()

    def options(self) -> list[str]:
        """Return the options for QEMU, which must also inherit fd()."""
        return ["-chardev", f"socket,id=qmp,fd={self.fd()}", "-mon", "chardev=qmp,mode=control"]

    def fd(self) -> int:
        """Return the file descriptor of QEMU's end of the connection."""
        return self.qemus.fileno()

    def begin(self, console):
        """Start serving requests once QEMU runs; answers are written to its console."""
        # Only QEMU keeps its end open, so the connection ends with QEMU.
        self.qemus.close()
        self.task = self.loop.create_task(self._serve(console))
        self.thread.start()

    def hear(self, line: str):
        """Read a line of the guest's console, which may be a request."""
        if request := REQUEST.search(line):
            self.loop.call_soon_threadsafe(self.requests.put_nowait, request.groups())

    def end(self):
        """Stop serving requests; no answer is written after this."""
        self.loop.call_soon_threadsafe(self.task.cancel)
        self.thread.join()

    def _run(self):
        # Errors of QEMU and of the guest are reported by others.
        with contextlib.suppress(asyncio.CancelledError, QMPError, EOFError, ConnectionError):
            self.loop.run_until_complete(self.task)

    async def _serve(self, console):
        client = QMPClient()
        await client.connect(self.ours)
        try:
            while True:
                request = await self.requests.get()
                answer = await self._do(client, *request)
                console.write(f"{answer} {' '.join(request)}\n".encode())
                console.flush()
        finally:
            await client.disconnect()

    async def _do(self, client, command: str, name: str) -> str:
        try:
            if command == "device_add":
                await client.execute(command, {"id": name, **self.devices[name]})
                return "done:"
            if command in ("throttle", "unthrottle"):
                # A byte a second: no request ends after the first one.
                limits = {"bps-total": int(command == "throttle")}
                await client.execute("qom-set", {"path": disk.THROTTLE, "property": "limits", "value": limits})
                return "done:"
            if command in ("log", "unlog"):
                # A line for each instruction.
                on = command == "log"
                for line in (f"one-insn-per-tb {'on' if on else 'off'}", f"log {'exec,nochain' if on else 'none'}"):
                    await client.execute("human-monitor-command", {"command-line": line})
                return "done:"
            with client.listener("DEVICE_DELETED") as events:
                await client.execute(command, {"id": name})
                # The event is also sent for parts of the device, without an ID.
                while (await events.get())["data"].get("device") != name:
                    pass
        except ExecuteError as error:
            return f"not done: {error}:"
        return "done:"
