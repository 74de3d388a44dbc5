"""TCP between one worker and the coordinator, cut by command: then nothing passes, and neither side is told.

What was sent meanwhile arrives when the cut is healed, as after a partition of a real network.
"""

import asyncio
import threading


class CutProxy:
    def __init__(self, target):
        """Listens on a free port of 127.0.0.1, `port`, and connects to `target`, another one."""
        self.target = target
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.tasks = set()
        self.port = self._call(self._listen())

    def cut(self):
        self._call(self._set(False))

    def heal(self):
        self._call(self._set(True))

    def close(self):
        self._call(self._end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def _call(self, steps):
        """Returns once it is done: what is cut is cut then."""
        return asyncio.run_coroutine_threadsafe(steps, self.loop).result(10)

    async def _listen(self):
        self.passes = asyncio.Event()
        self.passes.set()
        self.server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        return self.server.sockets[0].getsockname()[1]

    async def _set(self, passes):
        self.passes.set() if passes else self.passes.clear()

    async def _end(self):
        self.server.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def _carry(self, reader, writer):
        task = asyncio.current_task()
        self.tasks.add(task)
        try:
            await self.passes.wait()
            other_reader, other_writer = await asyncio.open_connection("127.0.0.1", self.target)
            try:
                # One direction may end before the other.
                await asyncio.gather(self._pump(reader, other_writer), self._pump(other_reader, writer))
            finally:
                other_writer.close()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            self.tasks.discard(task)

    async def _pump(self, reader, writer):
        while data := await reader.read(1 << 16):
            await self.passes.wait()
            writer.write(data)
            await writer.drain()
        # The end of the connection is news, too.
        await self.passes.wait()
        writer.write_eof()
