"""A target that brings down every worker that makes its message: it is found and failed, and everybody else is written to.

POSTRIDER_BIN is as in harness.py.
"""

import unittest

from harness import EndToEndTest, programs, wait_until

CONTACTS = 400
DEADLY = "p123"
WORKERS = ["w1", "w2"]
CONNECTIONS = 4
# Two workers die of it together, then the group, then twice of it alone; one more for each worker that joins in.
DEATHS = 10
RUN_SECONDS = 180


class PoisonTest(EndToEndTest):
    def test_a_deadly_target_is_failed_and_everybody_else_is_sent(self):
        relay = self.start("relay", [programs() / "postrider", "sink", "--listen", "127.0.0.1:0", "--json"])
        listening = relay.wait_for_line("the relay listens", lambda line: "listening" in line)["listening"]
        cluster = self.cluster(
            int(listening.rsplit(":", 1)[1]), settings={"worker": {"connections": CONNECTIONS}}
        )
        cluster.start_coordinator()
        deadly = {"POSTRIDER_CRASH_AT": f"p01:{DEADLY}"}
        for name in WORKERS:
            cluster.start_worker(name, deadly)
        cluster.import_contacts({"email": f"p{i}@site{i % 5}.example", "first_name": f"P{i}"} for i in range(CONTACTS))
        campaign = cluster.submit(on_doubt="hold")
        deaths = 0

        def is_over():
            nonlocal deaths
            for name in WORKERS:
                if not cluster.workers[name].is_running:
                    deaths += 1
                    cluster.start_worker(name, deadly)
            return cluster.status(campaign)["state"] == "finished"

        wait_until("the campaign is finished", is_over, RUN_SECONDS, lambda: str(cluster.status(campaign)))
        status = cluster.status(campaign)
        self.check_counts(status)
        counts = status["counts"]
        failed = list(cluster.targets(campaign, "failed"))
        self.assertEqual([target["address"].split("@")[0] for target in failed], [DEADLY])
        self.assertEqual(failed[0]["reason"], "poison")
        self.assertEqual(counts["accepted"] + counts["in_doubt"], CONTACTS - 1)
        self.assertEqual(status["sent_twice"], 0)
        self.assertLessEqual(deaths, DEATHS)
        self.assertLessEqual(counts["in_doubt"], deaths * CONNECTIONS)
        print(f"\n  {deaths} deaths, {counts['in_doubt']} in doubt", flush=True)


if __name__ == "__main__":
    unittest.main()
