#!/usr/bin/env python3
"""A relay that writes down when each message came, to whom, and what it says about unsubscribing.

Appends a line of JSON for every message: {"at": CLOCK_MONOTONIC when the final dot was read, "to", "campaign" (X-Campaign), "link",
"post"}. Says {"listening": PORT} first. Its own few lines of SMTP, since a library's would be slower than the campaign.
"""

import asyncio
import json
import sys
import time


def headers(data):
    found = {}
    head = data.split(b"\r\n\r\n", 1)[0].decode("ascii", "replace").replace("\r\n ", " ")
    for line in head.split("\r\n"):
        name, _, value = line.partition(": ")
        found[name.lower()] = value
    return found


class Relay(asyncio.Protocol):
    def __init__(self, file):
        self.file, self.buffer, self.recipient, self.in_data = file, b"", "", False

    def connection_made(self, transport):
        self.transport = transport
        transport.write(b"220 relay.example ESMTP\r\n")

    def data_received(self, data):
        self.buffer += data
        while True:
            end = b"\r\n.\r\n" if self.in_data else b"\r\n"
            line, found, rest = self.buffer.partition(end)
            if not found:
                return
            self.buffer = rest
            self.message(line) if self.in_data else self.command(line)

    def command(self, line):
        word = line[:4].upper()
        if word == b"EHLO":
            self.transport.write(b"250-relay.example\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES\r\n")
        elif word == b"RCPT":
            self.recipient = line[line.index(b"<") + 1:line.index(b">")].decode()
            self.transport.write(b"250 2.1.5 ok\r\n")
        elif word == b"DATA":
            self.in_data = True
            self.transport.write(b"354 go on\r\n")
        elif word == b"QUIT":
            self.transport.write(b"221 2.0.0 bye\r\n")
            self.transport.close()
        else:
            self.transport.write(b"250 2.0.0 ok\r\n")

    def message(self, data):
        self.in_data = False
        at, found = time.monotonic(), headers(data)
        line = {
            "at": at, "to": self.recipient, "campaign": found.get("x-campaign"),
            "link": found.get("list-unsubscribe", "").strip("<> "), "post": found.get("list-unsubscribe-post"),
            "body": data.split(b"\r\n\r\n", 1)[-1][:400].decode("ascii", "replace"),
        }
        self.file.write(json.dumps(line).encode() + b"\n")
        self.transport.write(b"250 2.0.0 taken\r\n")


async def main(path):
    # Unbuffered: what came is there whenever somebody looks.
    file = open(path, "ab", buffering=0)
    server = await asyncio.get_running_loop().create_server(lambda: Relay(file), "127.0.0.1", 0, backlog=256)
    print(json.dumps({"listening": server.sockets[0].getsockname()[1]}), flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
