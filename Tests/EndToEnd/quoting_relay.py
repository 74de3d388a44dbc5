#!/usr/bin/env python3
"""A relay that refuses recipients of domains beginning with "bad", and quotes their address when it does.

Otherwise as link_relay.py: says {"listening": PORT} first, and appends a line of JSON for every message it took.
"""

import asyncio
import sys

import link_relay


class Relay(link_relay.Relay):
    def command(self, line):
        word = line[:4].upper()
        if word == b"DATA" and self.is_bad():
            # What was sent before the answer to RCPT came.
            self.transport.write(b"554 5.5.1 no valid recipients\r\n")
            return None
        if word != b"RCPT":
            return super().command(line)
        self.recipient = line[line.index(b"<") + 1:line.index(b">")].decode()
        if self.is_bad():
            words = f"550 5.1.1 <{self.recipient}>: Recipient address rejected: User unknown"
        else:
            words = f"250 2.1.5 {self.recipient} ok"
        self.transport.write(words.encode() + b"\r\n")
        return None

    def is_bad(self):
        return "@bad" in self.recipient.lower()


if __name__ == "__main__":
    link_relay.Relay = Relay
    asyncio.run(link_relay.main(sys.argv[1]))
