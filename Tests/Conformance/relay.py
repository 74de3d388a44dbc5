#!/usr/bin/env python3
"""A relay that answers by the recipient's local part. Prints its port, then a line of JSON for every message it took.

bounce: 550 5.1.1; policy: 550 5.7.1; later: 451 4.2.0; busy: 421 4.3.2; vanish: takes the final dot and hangs up; hang: takes it and says nothing.
"""

import json
import socketserver

REPLIES = {
    "bounce": b"550 5.1.1 nobody of that name\r\n", "policy": b"550 5.7.1 not from you\r\n",
    "later": b"451 4.2.0 try later\r\n", "busy": b"421 4.3.2 too busy\r\n",
}


class Session(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"220 relay\r\n")
        sender = recipient = ""
        for line in self.rfile:
            verb = line[:4].upper()
            if verb == b"EHLO":
                self.wfile.write(b"250-relay\r\n250 ENHANCEDSTATUSCODES\r\n")
            elif verb == b"MAIL":
                sender = line[line.index(b"<") + 1:line.index(b">")].decode()
                self.wfile.write(b"250 2.1.0 ok\r\n")
            elif verb == b"RCPT":
                recipient = line[line.index(b"<") + 1:line.index(b">")].decode()
                self.wfile.write(REPLIES.get(recipient.split("@")[0], b"250 2.1.5 ok\r\n"))
            elif verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = []
                for line in self.rfile:
                    if line == b".\r\n":
                        break
                    lines.append(line[1:] if line.startswith(b".") else line)
                print(json.dumps({"from": sender, "to": recipient, "data": b"".join(lines).decode()}), flush=True)
                if recipient.startswith("vanish@"):
                    return
                if recipient.startswith("hang@"):
                    self.rfile.read()
                    return
                self.wfile.write(b"250 2.0.0 taken\r\n")
            elif verb == b"QUIT":
                self.wfile.write(b"221 2.0.0 bye\r\n")
                return
            else:
                self.wfile.write(b"250 2.0.0 ok\r\n")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


with Server(("127.0.0.1", 0), Session) as server:
    print(server.server_address[1], flush=True)
    server.serve_forever()
