#!/usr/bin/env python3
"""A relay by others (aiosmtpd) that writes down when each message came.

Appends a line `SECONDS ADDRESS` to the file named for every message: CLOCK_MONOTONIC when the final dot was read, before it is
answered. Says {"listening": PORT} first.
"""

import asyncio
import json
import sys
import time

from aiosmtpd.smtp import SMTP


class Recorder:
    def __init__(self, path):
        # Unbuffered: what came is there whenever somebody looks.
        self.file = open(path, "ab", buffering=0)

    async def handle_DATA(self, server, session, envelope):
        at = time.monotonic()
        self.file.write("".join(f"{at:.6f} {address}\n" for address in envelope.rcpt_tos).encode())
        return "250 2.0.0 taken"


async def main(path):
    recorder = Recorder(path)
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(recorder, hostname="relay.example"), "127.0.0.1", 0, backlog=256
    )
    print(json.dumps({"listening": server.sockets[0].getsockname()[1]}), flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
