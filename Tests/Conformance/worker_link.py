"""Frames to and from the coordinator: 18 bytes of header and a protobuf message, over a CURVE DEALER socket."""

import struct

import zmq
from zmq.utils.monitor import recv_monitor_message

HEADER = struct.Struct(">BBQQ")
TYPES = [
    "Hello", "Welcome", "Credit", "Content", "Grant", "Progress", "Renew", "Recall", "Report", "Acknowledge",
    "RelayState", "Problem", "Goodbye", "Forget", "Withdraw",
]


def read_keys(path):
    keys = {}
    with open(path, encoding="ascii") as file:
        for line in file:
            words = line.split()
            if len(words) == 2 and words[0] in ("public", "secret"):
                keys[words[0]] = words[1].encode("ascii")
    return keys


class Link:
    def __init__(self, wire, endpoint, coordinator_key, keys):
        self.wire = wire
        self.session = 0
        self.sequence = 0
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.curve_serverkey = coordinator_key
        self.socket.curve_publickey = keys["public"]
        self.socket.curve_secretkey = keys["secret"]
        for option, value in [
            (zmq.IMMEDIATE, 1), (zmq.HEARTBEAT_IVL, 2000), (zmq.HEARTBEAT_TIMEOUT, 6000),
            (zmq.HEARTBEAT_TTL, 6000), (zmq.LINGER, 1000),
        ]:
            self.socket.setsockopt(option, value)
        self.monitor = self.socket.get_monitor_socket()
        self.socket.connect(endpoint)

    def poll(self, seconds):
        poller = zmq.Poller()
        poller.register(self.socket, zmq.POLLIN)
        poller.register(self.monitor, zmq.POLLIN)
        poller.poll(max(0, int(seconds * 1000)))

    def events(self):
        """Yields "connected" and "refused"."""
        while self.monitor.poll(0):
            event = recv_monitor_message(self.monitor)["event"]
            if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                yield "connected"
            elif event == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
                yield "refused"

    def start_session(self, number):
        self.session, self.sequence = number, 0

    def send(self, message):
        """Says whether the frame left; without a connection it does not."""
        kind = type(message).__name__
        session = 0 if kind == "Hello" else self.session
        frame = HEADER.pack(1, TYPES.index(kind) + 1, session, self.sequence + 1) + message.SerializeToString()
        try:
            self.socket.send(frame, zmq.NOBLOCK)
        except zmq.Again:
            return False
        self.sequence += 1
        return True

    def receive(self):
        """Yields (session, name of the message, message)."""
        while True:
            try:
                parts = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            if len(parts) != 1 or len(parts[0]) < HEADER.size:
                continue
            version, number, session, _ = HEADER.unpack_from(parts[0])
            if version != 1 or not 1 <= number <= len(TYPES):
                continue
            message = getattr(self.wire, TYPES[number - 1])()
            message.ParseFromString(parts[0][HEADER.size:])
            yield session, TYPES[number - 1], message

    def close(self):
        self.socket.disable_monitor()
        self.socket.close()
