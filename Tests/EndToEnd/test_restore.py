"""A restored backup and a copied data folder do not send by themselves; what may have been sent since is decided by a person.

Judged by the relay's own record of what it accepted. POSTRIDER_BIN and POSTRIDER_SMALL are as in harness.py.
"""

import collections
import json
import shutil
import signal
import subprocess
import time
import unittest

from harness import SMALL, CommandFailure, EndToEndTest, programs, wait_until

CONTACTS = 800 if SMALL else 2_000
# The relay's limit, so that copies are made and put back in the midst of the campaign.
RATE = 150 if SMALL else 300
# Nothing may come for this long: many times what a worker needs to ask and be granted.
QUIET_SECONDS = 4
RUN_SECONDS = 180


class RestoreTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.record = self.folder / "relay.jsonl"
        self.record.touch()
        arguments = [
            programs() / "postrider", "sink", "--listen", "127.0.0.1:0", "--log", self.record.name, "--json",
        ]
        self.relay = self.start("relay", arguments)
        listening = self.relay.wait_for_line("the relay listens", lambda line: "listening" in line)["listening"]
        self.port = int(listening.rsplit(":", 1)[1])

    def test_a_restored_folder_waits(self):
        self.restored(lambda data, backup: (shutil.rmtree(data), self.copy(backup, data)))

    def test_a_restored_database_waits(self):
        def put_back(data, backup):
            for path in data.glob("postrider.sqlite*"):
                path.unlink()
            for path in backup.glob("postrider.sqlite*"):
                self.copy(path, data)

        self.restored(put_back)

    def test_a_backup_laid_over_the_folder_waits(self):
        def lay_over(data, backup):
            # What is newer than the backup's database must not be applied to it.
            for path in data.glob("postrider.sqlite-*"):
                path.unlink()
            subprocess.run(["cp", "-a", f"{backup}/.", str(data)], check=True)

        self.restored(lay_over)

    def restored(self, put_back):
        cluster = self.start_cluster("cluster")
        cluster.start_worker("w1")
        cluster.import_contacts(self.people())
        campaign = cluster.submit(on_doubt="hold")
        data, backup = cluster.folder / "data", self.folder / "backup"
        self.wait_for_messages(CONTACTS // 5)
        self.snapshot(cluster, backup)
        self.wait_for_messages(CONTACTS // 2)
        cluster.coordinator.stop()
        put_back(data, backup)

        # Nothing is sent, and everything says why.
        cluster.start_coordinator()
        wait_until("the worker is connected", lambda: cluster.worker_states()[0]["state"] == "connected")
        self.assertIn("accept-restore", self.readiness(cluster)["restored"])
        before = cluster.status(campaign)
        self.assertIn("accept-restore", before["problem"])
        self.assertIn("accept-restore", cluster.command("campaign", "status"))
        self.assertTrue(cluster.coordinator.lines("restored"), cluster.coordinator.last_words())
        for step in ("pause", "cancel"):
            with self.assertRaises(CommandFailure) as refused:
                cluster.command("campaign", step, campaign)
            self.assertIn("accept-restore", refused.exception.errors)
        self.check_quiet()
        # The worker ended what it had under way, and what it told of leases that the backup knows is recorded.
        self.check_counts(cluster.status(campaign))

        # Still so after a restart.
        cluster.coordinator.kill()
        cluster.start_coordinator()
        self.assertIn("accept-restore", self.readiness(cluster)["restored"])
        with self.assertRaises(CommandFailure) as refused:
            cluster.command("accept-restore", role="approver")
        self.assertEqual(refused.exception.code, 77)

        answer = cluster.json("accept-restore")
        self.assertFalse(answer["restored"])
        self.assertEqual([one["id"] for one in answer["campaigns"]], [campaign])
        status = cluster.wait_finished(campaign)
        self.check_quiet()
        self.check_counts(status)
        self.assertIsNone(self.readiness(cluster)["restored"])
        accepted = self.accepted_by_relay()
        doubtful = {target["address"]: target["reason"] for target in cluster.targets(campaign, "in_doubt")}
        known = {target["address"] for target in cluster.targets(campaign, "accepted")}
        self.assertEqual(len(known) + len(doubtful), CONTACTS, status)
        self.assertEqual(len(doubtful), status["counts"]["in_doubt"])
        self.assertEqual(known - accepted.keys(), set(), "the ledger knows of messages that the relay does not")
        self.assertEqual(accepted.keys() - known - doubtful.keys(), set(), "the relay has messages that nobody knows of")
        self.assertEqual({who: times for who, times in accepted.items() if times > 1}, {})
        self.assertLessEqual(set(doubtful.values()), {"restored", "no_reply"})

        # A person decides; only those in doubt may get it twice.
        self.assertEqual(cluster.json("campaign", "resolve", campaign, "--resend")["state"], "running")
        status = cluster.wait_finished(campaign, RUN_SECONDS)
        self.assertEqual(status["counts"]["accepted"], CONTACTS, status)
        # The relay writes its record in pieces, a moment after its replies.
        self.check_quiet()
        again = self.accepted_by_relay()
        self.assertEqual(len(again), CONTACTS)
        self.assertEqual({who for who, times in again.items() if times > 1} - doubtful.keys(), set())
        self.assertEqual(max(again.values()), 2)

    def test_a_copy_does_not_send_beside_the_original(self):
        cluster = self.start_cluster("cluster")
        cluster.start_worker("w1")
        cluster.import_contacts(self.people())
        campaign = cluster.submit(on_doubt="hold")
        self.wait_for_messages(CONTACTS // 5)
        # Another installation, with keys and workers of its own, that got the original's data.
        copy = self.cluster(self.port, name="copy")
        shutil.rmtree(copy.folder / "data")
        self.snapshot(cluster, copy.folder / "data")
        # Without them nobody could tell whose addresses are suppressed, no link would work, and the coordinator would not start.
        for name in ("suppression.key", "unsubscribe.key"):
            shutil.copy(cluster.folder / "keys" / name, copy.folder / "keys")
        copy.start_coordinator()
        copy.start_worker("w1")
        self.assertIn("accept-restore", copy.status(campaign)["problem"])

        status = cluster.wait_finished(campaign, RUN_SECONDS)
        self.assertEqual(status["counts"]["accepted"], CONTACTS, status)
        self.check_quiet()
        self.assertLess(copy.status(campaign)["counts"]["accepted"], CONTACTS)
        accepted = self.accepted_by_relay()
        self.assertEqual((len(accepted), max(accepted.values())), (CONTACTS, 1))
        # What the copy is for still works.
        self.assertEqual(copy.import_contacts([{"email": "new@site.example", "first_name": "N"}], "more")["created"], 1)

    # Parts

    def start_cluster(self, name):
        cluster = self.cluster(
            self.port,
            name=name,
            relay_keys={"throttles": [f"{RATE}/s"], "retries": {"delays": ["1s"], "jitter": 0.2}},
            settings={"coordinator": {"lease_ttl": "5s"}, "orphan_grace": "5s"},
        )
        cluster.start_coordinator()
        return cluster

    def people(self):
        return ({"email": f"p{i}@site{i % 5}.example", "first_name": f"P{i}"} for i in range(CONTACTS))

    def copy(self, source, target):
        subprocess.run(["cp", "-a", str(source), str(target)], check=True)

    def snapshot(self, cluster, target):
        """Copies the data folder between two writes, as a backup of the file system would."""
        cluster.coordinator.send(signal.SIGSTOP)
        try:
            self.copy(cluster.folder / "data", target)
        finally:
            cluster.coordinator.send(signal.SIGCONT)

    def readiness(self, cluster):
        return cluster.get("/readyz")

    def seen(self):
        return self.record.read_bytes().count(b"\n")

    def wait_for_messages(self, count):
        wait_until(f"the relay has {count} messages", lambda: self.seen() >= count, RUN_SECONDS)

    def check_quiet(self):
        """What was under way comes to its end, and then nothing more comes."""
        last = [self.seen(), time.monotonic()]

        def is_quiet():
            if self.seen() != last[0]:
                last[:] = [self.seen(), time.monotonic()]
            return time.monotonic() - last[1] > QUIET_SECONDS

        wait_until("nothing is sent any more", is_quiet, 30)

    def accepted_by_relay(self):
        """How often the relay accepted a message for each address."""
        lines = [json.loads(line) for line in self.record.read_text().rpartition("\n")[0].split("\n")]
        return collections.Counter(line["to"] for line in lines if line["reply"].startswith("2"))


if __name__ == "__main__":
    unittest.main()
