"""A relay that demands STARTTLS and AUTH; and what happens when either cannot be had: nothing is sent, nothing is lost."""

import time
import unittest
from collections import Counter

import aiosmtpd_relay
from certificates import Authority
from harness import SMALL, EndToEndTest, wait_until

PEOPLE = 100 if SMALL else 500
WORKERS = 2
SEND_SECONDS = 120
# How long a relay in trouble is watched. The second line of the log is due after a minute.
WATCH_SECONDS = 12
LONG_WATCH_SECONDS = 68
LINE_SECONDS = 60
# A pause doubles from a second to a minute, each 25 % longer or shorter: 0.75 + 1.5 + 3 + 6 + 12 + 24 s at the least,
# and every worker's first try comes at once.
TRIES_MAX = {WATCH_SECONDS: 5, LONG_WATCH_SECONDS: 7}

USER, PASSWORD = "ann@campaign.example", "correct horse, battery & staple"


class TLSAndCredentialsTests(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.folder / "authority")
        self.good = self.authority.server_context("relay")
        self.relays = []

    def relay(self, port=0, tls=True, credentials=(USER, PASSWORD)):
        context = self.good if tls is True else tls
        relay = aiosmtpd_relay.Relay(port, tls=context, credentials=credentials)
        self.addCleanup(relay.stop)
        self.relays.append(relay)
        return relay

    def cluster_for(self, relay):
        password = self.folder / "relay.password"
        password.write_text(PASSWORD + "\n")
        password.chmod(0o600)
        keys = {"tls": "required", "ca_file": str(self.authority.file), "user": USER, "password_file": str(password)}
        cluster = self.cluster(relay.port, relay_keys=keys)
        cluster.start_up(WORKERS)
        cluster.import_contacts(
            {"email": f"person{number}@site{number % 5}.example", "first_name": "Zoë"} for number in range(PEOPLE)
        )
        return cluster

    def check_plaintext(self):
        """No relay ever read more than the way to encryption without encryption."""
        for relay in self.relays:
            for spoken in relay.plaintext:
                verbs = [line.split(b" ")[0].upper() for line in bytes(spoken).split(b"\r\n") if line]
                self.assertLessEqual(set(verbs), {b"EHLO", b"STARTTLS", b"QUIT"}, bytes(spoken))

    def check_finished(self, cluster, campaign):
        status = cluster.wait_finished(campaign, SEND_SECONDS)
        self.check_counts(status)
        self.assertEqual((status["audience"], status["counts"]["accepted"]), (PEOPLE, PEOPLE), status)
        self.assertEqual(status["sent_twice"], 0)
        accepted = Counter(address for relay in self.relays for address in relay.accepted)
        self.assertEqual((len(accepted), max(accepted.values())), (PEOPLE, 1))
        self.assertEqual({row["attempts"] for row in cluster.targets(campaign)}, {1})

    def test_everything_goes_out_encrypted_and_with_credentials(self):
        cluster = self.cluster_for(self.relay())
        self.check_finished(cluster, cluster.submit())
        cluster.stop()
        self.check_plaintext()
        self.assertEqual(cluster.up.lines("relay_problem"), [])

    def test_a_wrong_password_is_said_once_a_minute_and_loses_nobody(self):
        watch = WATCH_SECONDS if SMALL else LONG_WATCH_SECONDS
        broken = self.relay(credentials=(USER, "another"))
        self.check_trouble(broken, ["535", "credentials"], watch)
        self.assertGreaterEqual(broken.refused_credentials, WORKERS)

    def test_an_expired_certificate_is_said_once_and_loses_nobody(self):
        expired = self.authority.server_context("expired", "20200101000000Z", "20210101000000Z")
        self.check_trouble(self.relay(tls=expired), ["certificate", "expired"], WATCH_SECONDS)

    def test_a_certificate_of_a_stranger_is_said_once_and_loses_nobody(self):
        stranger = Authority(self.folder / "stranger").server_context("relay")
        self.check_trouble(self.relay(tls=stranger), ["certificate", "authority"], WATCH_SECONDS)

    def test_a_relay_without_tls_is_said_once_and_loses_nobody(self):
        broken = self.relay(tls=None, credentials=None)
        self.check_trouble(broken, ["STARTTLS"], WATCH_SECONDS)

    def check_trouble(self, broken, words, watch_seconds):
        """The relay cannot be used for a while, then another one at its place can."""
        cluster = self.cluster_for(broken)
        campaign = cluster.submit()

        def told():
            return Counter(line.get("worker") for line in cluster.up.lines("relay_problem"))

        wait_until("every worker tells of the relay", lambda: len(told()) == WORKERS, 30, lambda: str(told()))
        began = time.monotonic()
        # A stretch of time is what is promised here, so it has to pass.
        while time.monotonic() < began + watch_seconds:
            self.assertEqual(broken.attempts, [])
            time.sleep(1)
        lines = cluster.up.lines("relay_problem")
        with self.subTest("one line a minute and worker, that says what is wrong"):
            wanted = 1 + int(watch_seconds // LINE_SECONDS)
            self.assertEqual(told(), {f"local-{number}": wanted for number in range(1, WORKERS + 1)}, lines)
            for line in lines:
                for word in words:
                    self.assertIn(word.lower(), line["problem"].lower())
                self.assertNotIn(PASSWORD, str(line))
        connections = broken.connections
        with self.subTest("the relay is tried less and less often"):
            self.assertLessEqual(connections, WORKERS * TRIES_MAX[watch_seconds])
            self.assertGreaterEqual(connections, WORKERS * 2)
        with self.subTest("nobody's message was begun, and everybody waits"):
            status = cluster.status(campaign)
            self.check_counts(status)
            # A shard may be with a worker that tries the relay again.
            self.assertEqual(status["counts"]["pending"] + status["counts"]["leased"], PEOPLE, status)
            self.assertEqual(status["state"], "running")
            rows = cluster.targets(campaign)
            self.assertEqual(len(rows), PEOPLE)
            self.assertEqual({row["attempts"] for row in rows}, {0})
            self.assertLessEqual({row["outcome"] for row in rows}, {"pending", "leased"})
            self.assertTrue(status["problem"], "status does not say what holds the campaign up")

        broken.stop()
        self.relay(port=broken.port)
        with self.subTest("once the relay is right, everybody gets one message"):
            self.check_finished(cluster, campaign)
            recovered = {line["worker"] for line in cluster.up.lines("relay_recovered")}
            self.assertTrue(recovered)
        cluster.stop()
        with self.subTest("nothing but the way to encryption was ever sent in the clear"):
            self.check_plaintext()
            self.assertEqual(broken.attempts, [])
        print(f"  {connections} connections in {watch_seconds} s; {lines[0]['problem']}; {status['problem']}", flush=True)


if __name__ == "__main__":
    unittest.main()
