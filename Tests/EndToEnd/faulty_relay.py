#!/usr/bin/env python3
"""A relay that misbehaves by script and seed, and writes down all it did; test support, independent of Postrider's own SMTP.

    faulty_relay.py --log FILE [--seed N] --relay NAME=SCRIPT[,SCRIPT…][:FAULTY] …

Every --relay listens on a port of its own; the first line on stdout is {"listening": {NAME: PORT}}. A script is FAULT@STAGE:
the FAULT happens instead of the answer at that STAGE, which is CONNECT, EHLO, STARTTLS, MAIL, RCPT, DATA or DOT (after
DOT the relay has taken the message). The first FAULTY connections of a relay (default: all) draw a script each, in an
order that the seed shuffles, and the number of messages that they take properly before; all others behave. `good` always
does.

| fault | does |
|---|---|
| drop, reset | closes (FIN), or resets (RST), instead of answering |
| half | answers half a line, then closes |
| okreset | answers well, then resets |
| silent | never answers |
| deaf | answers well, then reads nothing more |
| late | answers after --late seconds |
| trickle | one byte a second, without end |
| lines | `250-` lines without end, as fast as they are read |
| gigabyte | a line of 1 GB, as fast as it is read |
| 421 | `421`, then closes |
| g000, g999, g1xx, gtext, gbinary, gnul, gcodes | answers with garbage |
| twice | answers two times |
| early | all answers of a transaction at once, or with DATA's answer the one to the dot |
| inject | at STARTTLS: an answer in the clear right behind the 220; later: the same, a moment later |
| changing | offers something else on every connection and after STARTTLS |

The log has one JSON object a line; `at` is CLOCK_MONOTONIC, `n` counts connections from 1:
  open {relay, script, after}   fault {stage}     begun {address}: 354 was said
  message {address, bytes}: a final dot was read   answered {address, answer}: and a whole reply to it was written
  violation {what}: the client broke the protocol   close {by, sent, received, after_fault}
"""

import argparse
import asyncio
import json
import random
import socket
import ssl
import struct
import sys
import time

OPENING = ("CONNECT", "EHLO", "STARTTLS")
STAGES = (*OPENING, "MAIL", "RCPT", "DATA", "DOT")
GARBAGE = {
    "g000": b"000 nothing\r\n",
    "g999": b"999 all of it\r\n",
    "g1xx": b"150 wait\r\n",
    "gtext": b"Hello, who is there?\r\n",
    "gbinary": bytes(range(128, 256)) + b"\r\n",
    "gnul": b"2\0\0 ok\r\n",
    "gcodes": b"250-one\r\n550 two\r\n",
}
FAULTS = (
    "drop", "reset", "half", "okreset", "silent", "deaf", "late", "trickle", "lines", "gigabyte", "421", *GARBAGE, "twice",
    "early", "inject", "later", "changing",
)
FLOOD_BYTES = 1 << 30
PIECE = 64 * 1024
TRICKLE_SECONDS = 1.0
INJECTED = b"250-relay.example\r\n250 AUTH PLAIN LOGIN\r\n"
# So small that a client's large body does not fit.
DEAF_BUFFER_BYTES = 4_096


class Log:
    def __init__(self, path):
        # Unbuffered: what happened is there whenever somebody looks, also when this process is killed.
        self.file = open(path, "ab", buffering=0)

    def write(self, **keys):
        self.file.write((json.dumps({"at": round(time.monotonic(), 4), **keys}) + "\n").encode())


class Relay:
    """One port: draws a script for every connection."""

    def __init__(self, name, scripts, faulty, options):
        self.name, self.options = name, options
        self.random = random.Random(f"{options.seed}/{name}")
        self.scripts = scripts
        self.random.shuffle(self.scripts)
        self.faulty = faulty
        self.connections = 0

    def draw(self):
        """The script of the next connection, and how many messages it takes first."""
        number = self.connections
        self.connections += 1
        after = self.random.choice((0, 0, 1, 2, 5)) if number else 0
        if self.faulty is not None and number >= self.faulty:
            return "good", 0
        return self.scripts[number % len(self.scripts)], after


class Connection(asyncio.Protocol):
    count = 0

    def __init__(self, relay, log):
        Connection.count += 1
        self.n = Connection.count
        self.relay, self.log = relay, log
        script, self.after = relay.draw()
        self.fault, _, self.stage = script.partition("@")
        if self.stage in OPENING:
            self.after = 0
        self.script = script
        self.random = random.Random(f"{relay.options.seed}/{relay.name}/{self.n}")
        self.input = bytearray()
        self.messages = 0
        self.received = self.sent = self.after_fault = 0
        self.is_faulty = False
        # Everything that comes is only counted.
        self.is_done = False
        self.is_encrypted = self.is_upgrading = False
        self.is_pipelining = False
        self.recipient = None
        self.content = None
        # Of the message that was taken and not answered.
        self.unanswered = None
        self.flood = None
        self.is_full = False
        self.closed_by = "them"

    def note(self, event, **keys):
        self.log.write(event=event, relay=self.relay.name, n=self.n, **keys)

    # Transport

    def connection_made(self, transport):
        self.transport = transport
        self.note("open", script=self.script, after=self.after)
        self.answer("CONNECT", b"220 relay.example ESMTP\r\n")

    def connection_lost(self, error):
        self.flood = None
        self.note(
            "close", by=self.closed_by, sent=self.sent, received=self.received, after_fault=self.after_fault,
            script=self.script,
        )

    def pause_writing(self):
        self.is_full = True

    def resume_writing(self):
        self.is_full = False
        self.pour()

    def data_received(self, data):
        self.received += len(data)
        if self.is_faulty:
            self.after_fault += len(data)
        if self.is_done:
            return
        self.input += data
        while not self.is_done and not self.is_upgrading:
            end = self.input.find(b"\n")
            if end < 0:
                if len(self.input) > 4_096 and self.content is None:
                    self.violation("a command of more than 4096 bytes")
                break
            line = bytes(self.input[: end + 1])
            del self.input[: end + 1]
            self.take(line)

    # Commands

    def violation(self, what):
        self.note("violation", what=what)

    def take(self, line):
        if not line.endswith(b"\r\n") or b"\r" in line[:-2] or b"\0" in line:
            self.violation(f"a bare CR or LF, or NUL: {line[:80]!r}")
        line = line.rstrip(b"\r\n")
        if self.content is not None:
            return self.take_content(line)
        verb = line.split(b" ")[0].upper().decode(errors="replace")
        if self.input and not self.is_pipelining:
            self.violation(f"{verb} was not the end of what was sent, and PIPELINING was not offered")
        if verb in ("EHLO", "HELO"):
            self.answer("EHLO", self.offer(verb))
        elif verb == "STARTTLS" and self.relay.options.tls and not self.is_encrypted:
            self.answer("STARTTLS", b"220 go ahead\r\n")
            if not self.is_done and not self.is_faulty:
                self.upgrade()
        elif verb == "MAIL":
            self.recipient = None
            self.answer("MAIL", b"250 2.1.0 ok\r\n")
        elif verb == "RCPT":
            self.recipient = line.partition(b"<")[2].partition(b">")[0].decode()
            self.answer("RCPT", b"250 2.1.5 ok\r\n")
        elif verb == "DATA":
            if self.recipient is None:
                return self.write(b"503 5.5.1 no recipient\r\n")
            # Noted before it is said: whoever reads it may end the message before we are back.
            if not self.is_due("DATA") or self.fault in ("okreset", "deaf", "late", "twice", "early"):
                self.note("begun", address=self.recipient)
                self.content = 0
            self.answer("DATA", b"354 go ahead\r\n")
        elif verb in ("RSET", "NOOP"):
            self.recipient = None
            self.write(b"250 2.0.0 ok\r\n")
        elif verb == "QUIT":
            self.write(b"221 2.0.0 bye\r\n")
            self.close()
        else:
            self.violation(f"an unknown command: {line[:80]!r}")
            self.write(b"502 5.5.2 what\r\n")

    def take_content(self, line):
        if line != b".":
            self.content += len(line) + 2
            if line.startswith(b".") and not line.startswith(b".."):
                self.violation("a line that begins with one dot")
            return
        # Noted before anything else: a message that was taken must not be forgotten whatever follows.
        self.note("message", address=self.recipient, bytes=self.content)
        self.unanswered, self.recipient, self.content = self.recipient, None, None
        self.messages += 1
        self.answer("DOT", b"250 2.0.0 taken\r\n")

    def offer(self, verb):
        if verb == "HELO":
            self.is_pipelining = False
            return b"250 relay.example\r\n"
        words = ["PIPELINING", "ENHANCEDSTATUSCODES", "SIZE 10000000"]
        if self.fault == "changing":
            words = ["PIPELINING", "ENHANCEDSTATUSCODES", "SIZE 10000000", "8BITMIME", "SMTPUTF8", "X-NEW 1", "AUTH PLAIN"]
            words = self.random.sample(words, self.random.randrange(len(words)))
        self.is_pipelining = "PIPELINING" in words
        if self.relay.options.tls and not self.is_encrypted:
            words.append("STARTTLS")
        lines = ["relay.example", *words]
        return b"".join(
            f"250{'-' if index < len(lines) - 1 else ' '}{word}\r\n".encode() for index, word in enumerate(lines)
        )

    def upgrade(self):
        self.is_upgrading = True
        self.input.clear()
        asyncio.get_running_loop().create_task(self.handshake())

    async def handshake(self):
        try:
            self.is_encrypted = True
            self.transport = await asyncio.get_running_loop().start_tls(
                self.transport, self, self.relay.options.tls, server_side=True, ssl_handshake_timeout=30
            )
            self.is_upgrading = False
            # What came with the end of the handshake was kept.
            self.data_received(b"")
        except (OSError, ssl.SSLError) as error:
            self.note("handshake_failed", problem=str(error))
            self.transport.abort()

    # Answers

    def is_due(self, stage):
        """Whether the answer at this stage is to be the fault."""
        return self.stage == stage and self.messages - (stage == "DOT") >= self.after

    def answer(self, stage, answer):
        if not self.is_due(stage) or self.fault == "changing":
            return self.say(answer)
        self.is_faulty = True
        self.note("fault", stage=stage, fault=self.fault)
        if self.fault in GARBAGE:
            self.is_done = True
            return self.write(GARBAGE[self.fault])
        getattr(self, f"do_{self.fault if self.fault != '421' else 'refuse'}")(stage, answer)

    def say(self, answer):
        """Writes an answer as it should be."""
        if self.unanswered is not None:
            self.note("answered", address=self.unanswered, answer=answer[:3].decode())
            self.unanswered = None
        self.write(answer)

    def write(self, data):
        self.sent += len(data)
        self.transport.write(data)

    def close(self):
        self.closed_by = "us"
        self.is_done = True
        self.transport.close()

    def reset(self):
        self.closed_by = "us"
        self.is_done = True
        own = self.transport.get_extra_info("socket")
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def do_drop(self, stage, answer):
        self.close()

    def do_reset(self, stage, answer):
        self.reset()

    def do_half(self, stage, answer):
        self.write(answer[:2])
        self.close()

    def do_okreset(self, stage, answer):
        self.say(answer)
        self.reset()

    def do_silent(self, stage, answer):
        self.is_done = True

    def do_deaf(self, stage, answer):
        own = self.transport.get_extra_info("socket")
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, DEAF_BUFFER_BYTES)
        self.say(answer)
        self.is_done = True
        # What is not read does not tell that the other side went: somebody has to look.
        self.transport.pause_reading()
        asyncio.get_running_loop().create_task(self.watch())

    async def watch(self):
        """Waits until the other side gave the connection up; when it still has something to send, we are not told."""
        own, other = self.transport.get_extra_info("sockname")[1], self.transport.get_extra_info("peername")[1]
        is_open = f" 0100007F:{other:04X} 0100007F:{own:04X} 01 "
        while True:
            with open("/proc/net/tcp") as table:
                if is_open not in table.read():
                    break
            await asyncio.sleep(0.05)
        self.transport.abort()

    def do_late(self, stage, answer):
        self.is_faulty = False
        asyncio.get_running_loop().call_later(self.relay.options.late, self.say, answer)

    def do_trickle(self, stage, answer):
        self.is_done = True
        self.drip(b"250-")

    def drip(self, rest):
        if self.transport.is_closing():
            return
        self.write(rest[:1])
        asyncio.get_running_loop().call_later(TRICKLE_SECONDS, self.drip, rest[1:] or b"x")

    def do_lines(self, stage, answer):
        self.is_done = True
        code = {"CONNECT": b"220", "DATA": b"354"}.get(stage, b"250")
        self.flood = (code + b"-and so on\r\n") * (PIECE // 15)
        self.pour()

    def do_gigabyte(self, stage, answer):
        self.is_done = True
        self.write(answer[:3] + b" ")
        self.flood = b"x" * PIECE
        self.pour()

    def pour(self):
        """Writes the flood as fast as it is taken."""
        while self.flood and not self.is_full and not self.transport.is_closing():
            if self.sent >= FLOOD_BYTES:
                self.flood = None
                return self.write(b"\r\n")
            self.write(self.flood)

    def do_refuse(self, stage, answer):
        self.say(b"421 4.3.2 shutting down\r\n")
        self.close()

    def do_twice(self, stage, answer):
        self.say(answer)
        self.write(answer)

    def do_early(self, stage, answer):
        if stage == "DATA":
            return self.write(answer + b"250 2.0.0 taken\r\n")
        self.is_done = True
        self.write(answer + self.offer("EHLO") + b"250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n")

    def do_inject(self, stage, answer):
        self.is_done = True
        self.write(answer + INJECTED)

    def do_later(self, stage, answer):
        self.is_done = True
        self.write(answer)
        # In a packet of its own, after the client read the answer and before it can have seen ours to its handshake.
        asyncio.get_running_loop().call_later(0.02, self.write_open, INJECTED)

    def write_open(self, data):
        if not self.transport.is_closing():
            self.write(data)


def relay_of(text, options):
    name, _, rest = text.partition("=")
    scripts, _, faulty = rest.partition(":")
    scripts = scripts.split(",")
    for script in scripts:
        fault, _, stage = script.partition("@")
        if script != "good" and (fault not in FAULTS or stage not in STAGES):
            sys.exit(f"no such script: {script}; allowed: good, or one of {', '.join(FAULTS)} @ one of {', '.join(STAGES)}")
    return Relay(name, scripts, int(faulty) if faulty else None, options)


async def main():
    parser = argparse.ArgumentParser(description="A relay that misbehaves by script and seed.")
    parser.add_argument("--log", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--relay", action="append", required=True, metavar="NAME=SCRIPT,…[:FAULTY]")
    parser.add_argument("--late", type=float, default=1.0, help="seconds of the fault `late`")
    parser.add_argument("--certificate", help="PEM; STARTTLS is offered then")
    parser.add_argument("--key")
    options = parser.parse_args()
    options.tls = None
    if options.certificate:
        options.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        options.tls.load_cert_chain(options.certificate, options.key)
    log = Log(options.log)
    loop = asyncio.get_running_loop()
    ports, servers = {}, []
    for relay in [relay_of(text, options) for text in options.relay]:
        server = await loop.create_server(
            lambda relay=relay: Connection(relay, log), "127.0.0.1", 0, backlog=256
        )
        servers.append(server)
        ports[relay.name] = server.sockets[0].getsockname()[1]
    print(json.dumps({"listening": ports}), flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(main())
