# SPDX-License-Identifier: GPL-2.0
"""What the guest asks of its host: to pull a device out of its slot, or to put it in again.

A line `host: device_del edu0` on the guest's console is such a request. It is made of QEMU with QMP, and when
QEMU has done it, which may depend on the guest, the console's input is `done: device_del edu0`, or `not done:`
and why.
"""

import asyncio
import contextlib
import re
import socket
import sys
import threading

from safe_dma.environment import ENV

if ENV.qmp:
    sys.path.append(ENV.qmp)
try:
    from qemu.qmp import ExecuteError, QMPClient, QMPError
except ImportError:
    QMPClient = None

# The name that a device has for QEMU; machine.py gives it.
REQUEST = re.compile(r"host: (device_add|device_del) (edu\d)$")


def available() -> bool:
    """Whether there is somebody who speaks QMP: the package qemu.qmp."""
    return QMPClient is not None


class Host:
    """Who does what a guest asks for, in a thread of its own, from begin() to end()."""

    def __init__(self, devices: dict[str, dict]):
        # What device_add is told of each, by its name.
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
        """Of QEMU, which has to be given fd() too."""
        return ["-chardev", f"socket,id=qmp,fd={self.fd()}", "-mon", "chardev=qmp,mode=control"]

    def fd(self) -> int:
        """QEMU's end of the connection."""
        return self.qemus.fileno()

    def begin(self, console):
        """QEMU has been started; answers go to the guest's console."""
        # The connection ends with QEMU.
        self.qemus.close()
        self.task = self.loop.create_task(self._serve(console))
        self.thread.start()

    def hear(self, line: str):
        """A line of the guest's console, which may be a request."""
        if request := REQUEST.search(line):
            self.loop.call_soon_threadsafe(self.requests.put_nowait, request.groups())

    def end(self):
        """No answer comes after this."""
        self.loop.call_soon_threadsafe(self.task.cancel)
        self.thread.join()

    def _run(self):
        # What has become of QEMU, or of the guest, is for others to see.
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
            with client.listener("DEVICE_DELETED") as events:
                await client.execute(command, {"id": name})
                # The event is also sent for what is inside of a device, with no name.
                while (await events.get())["data"].get("device") != name:
                    pass
        except ExecuteError as error:
            return f"not done: {error}:"
        return "done:"
