#!/usr/bin/env python3
"""A relay that can be killed: what it accepted stands in its log before it says so.

    mortal_relay.py LOG PORT [SEED [MILLISECONDS]]

PORT 0 is a free one; MILLISECONDS is how long the answer to a final dot takes (default 4).
Says {"listening": PORT} first. Each line of the log is written with one system call, so it is there whatever happens next:

    o CONNECTION PROCESS     opened, and by which process (0: not found)
    m CONNECTION FROM TO AT  a message is accepted; AT is CLOCK_MONOTONIC in seconds when its final dot was read
    q CONNECTION             the other side said QUIT
    c CONNECTION             closed, or lost

CONNECTION is the relay's own process and a number. Some answers take longer, so that a kill finds messages on their way. Half of the messages count as accepted when the dot is read, the others when it is
answered: of a message whose reply was lost nobody can know. Some addresses bounce, some are put off the first time.
"""

import asyncio
import json
import os
import random
import sys
import time
import zlib

ANSWER_MILLISECONDS = 4
SLOW_SECONDS = 0.2
SLOW_SHARE = 0.01
# How often it is asked whose a connection is.
LOOKS = 5
# Per mille of the addresses.
BOUNCED, PUT_OFF = 5, 15

GREETING = b"220 relay.example ESMTP\r\n"
EHLO = b"250-relay.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES\r\n"
END = b"\r\n.\r\n"


def inode(wanted):
    """Of the socket with these addresses; None when the table, which changes while it is read, does not show it."""
    with open("/proc/net/tcp") as table:
        return next((line.split()[9] for line in table if tuple(line.split()[1:3]) == wanted), None)


def holds(process, socket):
    """Whether a process has a socket open."""
    for descriptor in os.listdir(f"/proc/{process}/fd"):
        try:
            if os.readlink(f"/proc/{process}/fd/{descriptor}") == socket:
                return True
        except OSError:
            # Closed meanwhile.
            continue
    return False


def owner(port, own_port):
    """The process on the other side of a connection of 127.0.0.1."""
    wanted = (f"0100007F:{port:04X}", f"0100007F:{own_port:04X}")
    for _ in range(LOOKS):
        found = inode(wanted)
        for process in filter(str.isdigit, os.listdir("/proc")) if found else ():
            try:
                with open(f"/proc/{process}/comm") as file:
                    is_ours = file.read().startswith("postrider")
                if is_ours and holds(process, f"socket:[{found}]"):
                    return int(process)
            except OSError:
                # Ended meanwhile, or not ours to look at.
                continue
    return 0


class Relay:
    def __init__(self, path, seed, milliseconds):
        self.answer_seconds = milliseconds / 1_000
        self.log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.dice = random.Random(seed)
        self.connections = 0
        self.put_off = set()

    def note(self, *words):
        os.write(self.log, (" ".join(words) + "\n").encode())

    def accepted(self, connection, at):
        self.note("m", connection.name, connection.sender, connection.recipient, f"{at:.3f}")


class Connection(asyncio.Protocol):
    def __init__(self, relay):
        self.relay = relay
        self.rest = b""
        self.sender = self.recipient = None
        self.is_content = self.is_answering = False

    def connection_made(self, transport):
        self.transport = transport
        self.relay.connections += 1
        self.name = f"{os.getpid()}.{self.relay.connections}"
        port, own = transport.get_extra_info("peername")[1], transport.get_extra_info("sockname")[1]
        self.relay.note("o", self.name, str(owner(port, own)))
        transport.write(GREETING)

    def connection_lost(self, _):
        self.relay.note("c", self.name)

    def data_received(self, data):
        self.rest += data
        self.advance()

    def advance(self):
        while not self.is_answering and not self.transport.is_closing():
            if self.is_content:
                # The dot may stand in the first line.
                at = 0 if self.rest.startswith(END[2:]) else self.rest.find(END)
                if at < 0:
                    return
                self.rest = self.rest[at + (3 if at == 0 and not self.rest.startswith(END) else 5):]
                self.is_content = False
                self.take()
                continue
            line, end, rest = self.rest.partition(b"\r\n")
            if not end:
                return
            self.rest = rest
            self.command(line)

    def command(self, line):
        verb = line[:4].upper()
        if verb == b"EHLO":
            return self.transport.write(EHLO)
        if verb == b"MAIL":
            self.sender, self.recipient = self.address(line), None
            return self.transport.write(b"250 2.1.0 Ok\r\n")
        if verb == b"RCPT":
            return self.transport.write(self.judge(self.address(line)))
        if verb == b"DATA":
            if not self.recipient:
                return self.transport.write(b"554 5.5.1 No valid recipients\r\n")
            self.is_content = True
            return self.transport.write(b"354 Go on\r\n")
        if verb == b"RSET":
            self.sender = self.recipient = None
            return self.transport.write(b"250 2.0.0 Ok\r\n")
        if verb == b"QUIT":
            self.relay.note("q", self.name)
            self.transport.write(b"221 2.0.0 Bye\r\n")
            return self.transport.close()
        self.transport.write(b"500 5.5.2 What?\r\n")

    def judge(self, address):
        number = zlib.crc32(address.encode()) % 1_000
        if number < BOUNCED:
            return b"550 5.1.1 No such mailbox\r\n"
        if number < BOUNCED + PUT_OFF and (self.sender, address) not in self.relay.put_off:
            self.relay.put_off.add((self.sender, address))
            return b"450 4.2.1 Mailbox busy, try again\r\n"
        self.recipient = address
        return b"250 2.1.5 Ok\r\n"

    @staticmethod
    def address(line):
        return line[line.index(b"<") + 1:line.index(b">")].decode()

    def take(self):
        """A whole message came."""
        self.is_answering = True
        dice = self.relay.dice
        at, is_taken = time.monotonic(), dice.random() < 0.5
        if is_taken:
            self.relay.accepted(self, at)
        seconds = SLOW_SECONDS if dice.random() < SLOW_SHARE else self.relay.answer_seconds
        asyncio.get_running_loop().call_later(seconds, self.answer, at, is_taken)

    def answer(self, at, is_taken):
        if self.transport.is_closing():
            return
        if not is_taken:
            self.relay.accepted(self, at)
        self.transport.write(b"250 2.0.0 Taken\r\n")
        self.is_answering = False
        self.advance()


async def main(path, port=0, seed=0, milliseconds=ANSWER_MILLISECONDS):
    relay = Relay(path, seed, milliseconds)
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(relay), "127.0.0.1", port, backlog=256, reuse_address=True
    )
    print(json.dumps({"listening": server.sockets[0].getsockname()[1]}), flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], *map(int, sys.argv[2:])))
