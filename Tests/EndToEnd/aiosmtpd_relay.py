"""A relay by others (aiosmtpd) that runs in the test's own process, answers as it is told, and remembers everything."""

import asyncio
import logging
import threading
import time
import unittest

try:
    from aiosmtpd.smtp import SMTP, AuthResult
except ImportError:
    # Told by the tests that want a relay.
    SMTP = object
    AuthResult = None

START_SECONDS = 20
# Handshakes that fail are what some tests want; what is wrong shows in what the relay remembers.
logging.getLogger("mail.log").setLevel(logging.CRITICAL + 1)


class Attempt:
    """One try of one message: for whom, when the relay answered, what, and the message if there was one."""

    def __init__(self, address, reply, content, sender=None):
        # Before the reply goes out: whatever follows it comes later.
        self.at = time.monotonic()
        self.address = address
        self.reply = reply
        self.content = content
        self.sender = sender

    @property
    def is_accepted(self):
        return self.reply.startswith("2")


class Relay:
    """Listens until `stop`; a stopped one can be followed by another on the same port.

    answer        takes an address and how often it was tried before, returns (verb, reply): `RCPT` or `DATA`, and
                  what is answered then
    tls           an ssl.SSLContext: STARTTLS is offered and demanded
    credentials   (user, password): AUTH is demanded
    """

    def __init__(self, port=0, answer=lambda address, tries: ("DATA", "250 2.0.0 taken"), tls=None, credentials=None):
        if AuthResult is None:
            raise unittest.SkipTest("aiosmtpd is missing; scripts/test-peers fetches it")
        self.answer = answer
        self.credentials = credentials
        self.attempts = []
        self.tries = {}
        self.connections = 0
        # All that came without encryption, one entry a connection.
        self.plaintext = []
        self.refused_credentials = 0
        self._tls = tls
        self._protocols = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        try:
            self._server = self._call(self._listen(port))
        except BaseException:
            self._end_loop()
            raise
        self.port = self._server.sockets[0].getsockname()[1]

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(START_SECONDS)

    async def _listen(self, port):
        return await self._loop.create_server(self._protocol, "127.0.0.1", port, backlog=256)

    def _protocol(self):
        options = {"hostname": "relay.example", "loop": self._loop}
        if self._tls:
            options |= {"tls_context": self._tls, "require_starttls": True}
        if self.credentials:
            options |= {"auth_required": True, "authenticator": self._authenticate}
        return _Protocol(self, **options)

    def _authenticate(self, server, session, envelope, mechanism, data):
        given = (data.login.decode(), data.password.decode())
        if given == self.credentials:
            return AuthResult(success=True)
        self.refused_credentials += 1
        return AuthResult(success=False, handled=False)

    @property
    def accepted(self):
        """The addresses of all messages that were taken, one entry each."""
        return [attempt.address for attempt in self.attempts if attempt.is_accepted]

    def stop(self):
        """Closes the port and every connection."""
        if not self._loop.is_running():
            return

        async def close():
            self._server.close()
            for protocol in list(self._protocols):
                if protocol.transport:
                    protocol.transport.abort()
            await self._server.wait_closed()
            # Connections see their end before the loop is gone.
            await asyncio.sleep(0.1)

        self._call(close())
        self._end_loop()

    def _end_loop(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_SECONDS)
        self._loop.close()

    # Hooks of aiosmtpd, on the loop's thread

    async def handle_RCPT(self, server, session, envelope, address, options):
        tries = self.tries[address] = self.tries.get(address, 0) + 1
        verb, reply = self.answer(address, tries - 1)
        if verb == "RCPT":
            self.attempts.append(Attempt(address, reply, None))
            return reply
        envelope.rcpt_tos.append(address)
        session.reply = reply
        return "250 2.1.5 recipient ok"

    async def handle_DATA(self, server, session, envelope):
        for address in envelope.rcpt_tos:
            self.attempts.append(Attempt(address, session.reply, envelope.original_content, envelope.mail_from))
        return session.reply


class _Protocol(SMTP):
    def __init__(self, relay, **options):
        super().__init__(relay, **options)
        self._relay = relay
        self._plaintext = None

    def connection_made(self, transport):
        if self._plaintext is None:
            self._relay.connections += 1
            self._relay._protocols.add(self)
            self._plaintext = bytearray()
            self._relay.plaintext.append(self._plaintext)
        super().connection_made(transport)

    def connection_lost(self, error):
        self._relay._protocols.discard(self)
        super().connection_lost(error)

    def data_received(self, data):
        # After STARTTLS what arrives here was encrypted.
        if self._tls_protocol is None:
            self._plaintext += data
        super().data_received(data)
