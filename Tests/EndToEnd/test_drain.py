"""`postrider worker drain`: a worker is emptied while a campaign runs, stays empty, and gets work again.

POSTRIDER_BIN is as in harness.py.
"""

import unittest

from harness import EndToEndTest, programs, wait_until

CONTACTS = 1_500
# So slow that the worker holds something whenever it is drained.
SCENARIO = """\
rules:
  - { match: "*", at: message, slow: 50ms }
"""
RUN_SECONDS = 180


class DrainTest(EndToEndTest):
    def test_a_drained_worker_hands_back_what_it_has_not_begun(self):
        (self.folder / "scenario.yaml").write_text(SCENARIO)
        arguments = [
            programs() / "postrider", "sink", "--listen", "127.0.0.1:0", "--scenario", "scenario.yaml", "--json",
        ]
        listening = self.start("relay", arguments).wait_for_line("the relay listens", lambda line: "listening" in line)
        cluster = self.cluster(int(listening["listening"].rsplit(":", 1)[1]))
        cluster.start_coordinator()
        cluster.start_worker("w1")
        cluster.start_worker("w2")
        cluster.import_contacts({"email": f"p{i}@site{i % 5}.example", "first_name": f"P{i}"} for i in range(CONTACTS))
        campaign = cluster.submit(on_doubt="hold")
        wait_until("w1 holds something", lambda: self.worker(cluster)["leased"] > 0, RUN_SECONDS)
        drained = cluster.json("worker", "drain", "w1")
        self.assertIn(drained["state"], ["draining", "drained"])
        wait_until("w1 holds nothing", lambda: self.worker(cluster)["state"] == "drained", RUN_SECONDS)
        accepted = self.worker(cluster)["accepted"]

        status = cluster.wait_finished(campaign, RUN_SECONDS)
        self.check_counts(status)
        self.assertEqual(status["counts"]["accepted"], CONTACTS)
        self.assertEqual(self.worker(cluster)["accepted"], accepted)
        self.assertEqual(self.worker(cluster)["state"], "drained")
        undone = cluster.json("worker", "drain", "w1", "--undo")
        self.assertEqual(undone["state"], "connected")
        cluster.command("worker", "drain", "nobody", expect=1)

    def worker(self, cluster):
        return next(worker for worker in cluster.worker_states() if worker["name"] == "w1")


if __name__ == "__main__":
    unittest.main()
