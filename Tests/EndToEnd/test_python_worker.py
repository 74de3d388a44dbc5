"""A worker in another language works for the real coordinator, and one whose key nobody knows gets nothing.

The worker is Tests/Conformance/python_worker.py, written from the documents alone.
"""

import importlib.util
import json
import shutil
import signal
import subprocess
import sys
import unittest
from collections import Counter

from harness import REPOSITORY, EndToEndTest, Process, peer, programs, wait_until

CONFORMANCE = REPOSITORY / "Tests" / "Conformance"
NAME = "snake"
# Some more than one shard of 256.
CONTACTS = 400
RUN_SECONDS = 90


def protoc():
    return shutil.which("protoc") or peer("protoc")


@unittest.skipUnless(
    importlib.util.find_spec("zmq") and importlib.util.find_spec("google.protobuf"),
    "pyzmq or protobuf is missing; scripts/test-peers fetches them",
)
class PythonWorkerTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        wire = REPOSITORY / "Sources" / "Shared" / "Wire"
        subprocess.run(
            [protoc(), "-I", wire, f"--python_out={self.folder}", "worker.proto"], check=True, timeout=60
        )
        self.record = self.folder / "relay.jsonl"
        self.relay = self.start(
            "relay",
            [programs() / "postrider", "sink", "--listen", "127.0.0.1:0", "--log", self.record.name, "--json"],
        )
        listening = self.relay.wait_for_line("the relay listens", lambda line: "listening" in line)["listening"]
        self.running = self.cluster(int(listening.rsplit(":", 1)[1]))
        self.running.start_coordinator()

    def start_python(self, key_file, *more):
        """The worker as a process; its words go into its log."""
        key = (self.running.folder / "keys" / "coordinator.pub").read_text().split()[-1]
        arguments = [
            sys.executable, "-B", CONFORMANCE / "python_worker.py",
            "--coordinator", f"tcp://127.0.0.1:{self.running.workers_port}", f"--coordinator-key={key}",
            "--key", key_file, "--journal", self.folder / "journal", "--wire", self.folder, *more,
        ]
        return self.start("python", arguments)

    def test_settles_a_campaign_for_the_real_coordinator(self):
        self.running.import_contacts(
            {"email": f"p{i}@site{i % 3}.example", "first_name": f"P{i} <&>"} for i in range(CONTACTS)
        )
        self.running.add_worker(NAME)
        worker = self.start_python(self.running.folder / "workers" / NAME / f"{NAME}.key")
        state = wait_until("the worker is connected", self.state, describe=lambda: "\n" + worker.last_words())
        self.assertEqual((state["name"], state["build"]), (NAME, "python-conformance"))

        campaign = self.running.submit()
        status = self.running.wait_finished(campaign, RUN_SECONDS)
        self.check_counts(status)
        self.assertEqual(status["counts"]["accepted"], CONTACTS, status)
        self.assertEqual(status["sent_twice"], 0)
        self.assertEqual(worker.stop(signal.SIGTERM), 0, worker.last_words())
        wait_until("the coordinator has its goodbye", lambda: not self.state())

        self.relay.stop(signal.SIGINT)
        seen = [json.loads(line) for line in self.record.read_text().splitlines()]
        self.assertEqual(set(Counter(line["to"] for line in seen).values()), {1})
        self.assertEqual(len(seen), CONTACTS)
        self.assertEqual(len({line["message_id"] for line in seen}), CONTACTS)
        targets = self.running.targets(campaign)
        self.assertEqual({target["address"] for target in targets}, {line["to"] for line in seen})
        self.assertEqual({target["reply"]["code"] for target in targets}, {250})

    def test_shares_a_campaign_with_workers_of_ours(self):
        self.running.import_contacts(
            {"email": f"p{i}@site{i % 3}.example", "first_name": f"P{i}"} for i in range(CONTACTS * 5)
        )
        self.running.add_worker(NAME)
        worker = self.start_python(self.running.folder / "workers" / NAME / f"{NAME}.key")
        wait_until("the worker is connected", self.state, describe=lambda: "\n" + worker.last_words())
        self.running.start_worker("ours")
        status = self.running.wait_finished(self.running.submit(), RUN_SECONDS)
        self.check_counts(status)
        self.assertEqual(status["counts"]["accepted"], CONTACTS * 5, status)
        accepted = {state["name"]: state["accepted"] for state in self.running.worker_states()}
        self.assertEqual(sum(accepted.values()), CONTACTS * 5)
        self.assertGreater(accepted[NAME], 0, accepted)
        self.assertGreater(accepted["ours"], 0, accepted)

    def test_an_unknown_key_is_refused_and_both_sides_say_so(self):
        import zmq

        public, secret = (key.decode("ascii") for key in zmq.curve_keypair())
        stranger = self.folder / "stranger.key"
        stranger.write_text(f"public {public}\nsecret {secret}\n")
        stranger.chmod(0o600)
        self.check_refused(self.start_python(stranger), "the coordinator refuses this worker's key", ends=True)

    def test_our_worker_says_that_its_key_is_unknown(self):
        self.running.add_worker(NAME)
        folder = self.running.folder / "workers" / NAME
        # Taken off the list again: the key that it has is nobody's now.
        self.running.command("worker", "remove", NAME, role="admin")
        process = Process("ours", [programs() / "postrider-worker", "--config", folder / f"{NAME}.yaml"], self.folder)
        self.addCleanup(process.kill)
        self.check_refused(process, "The coordinator refuses this worker's key", ends=False)

    def check_refused(self, worker, words, ends):
        wait_until("the worker says that it is refused", lambda: words in worker.text(), 30, worker.last_words)
        wait_until(
            "the coordinator says that it refused a worker",
            lambda: any(
                line.get("reason") == "unknownKey" and line["key"] in line["msg"]
                for line in self.running.coordinator.lines("worker_refused")
            ),
            30,
            self.running.coordinator.last_words,
        )
        if ends:
            self.assertNotEqual(worker.wait(), 0)
        self.assertEqual([one for one in self.running.worker_states() if one["state"] == "connected"], [])

    def state(self):
        """The worker as the coordinator sees it, while it is connected."""
        for one in self.running.worker_states():
            if one["name"] == NAME and one["state"] == "connected":
                return one
        return None


if __name__ == "__main__":
    unittest.main()
