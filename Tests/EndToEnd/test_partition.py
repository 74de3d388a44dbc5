"""A worker cut off from the coordinator stops at its deadline; whether its targets are in doubt depends on when it is back."""

import time
import unittest

from cut_proxy import CutProxy
from evidence import RecordedTest, doubts_in_ledger
from harness import wait_until

CONTACTS = 4_000
CONNECTIONS = 4
# With so slow a relay a worker holds more than it can send before its deadline.
ANSWER_MILLISECONDS = 50
LEASE_SECONDS = 5
GRACE_SECONDS = 10
# A dot that left in time may be read a little later, on a machine with other work.
SLACK_SECONDS = 3
CREDIT = 1_024
RUN_SECONDS = 120
SENDER = "ann@campaign.example"


class PartitionTest(RecordedTest):
    def test_a_short_and_a_long_partition(self):
        cluster = self.cluster(
            self.start_relay(ANSWER_MILLISECONDS),
            relay_keys={"retries": {"delays": ["1s"]}},
            settings={
                "coordinator": {"lease_ttl": f"{LEASE_SECONDS}s"},
                "orphan_grace": f"{GRACE_SECONDS}s",
                "worker": {"connections": CONNECTIONS},
            },
        )
        cluster.start_coordinator()
        links = {}
        for name in ("short", "long"):
            links[name] = CutProxy(cluster.workers_port)
            self.addCleanup(links[name].close)
            cluster.add_worker(name, coordinator=f"tcp://127.0.0.1:{links[name].port}")
        workers = {name: cluster.start_worker(name) for name in ("short", "long", "near")}
        cluster.import_contacts(
            {"email": f"p{i}@site{i % 5}.example", "first_name": f"P{i}"} for i in range(CONTACTS)
        )
        campaign = cluster.submit(on_doubt="hold")
        for name, worker in workers.items():
            wait_until(f"{name} sends", lambda: len(self.arrivals(worker)) > 20, RUN_SECONDS)

        for link in links.values():
            link.cut()
        cut_at = time.monotonic()
        cluster.coordinator.wait_for_line("the lease runs out", self.is_expired("short"))
        links["short"].heal()
        healed_at = {"short": time.monotonic()}
        status = cluster.wait_status(campaign, "in doubt", lambda status: status["counts"]["in_doubt"] > 0, RUN_SECONDS)
        self.check_counts(status)
        links["long"].heal()
        healed_at["long"] = time.monotonic()

        wait_until(
            "what the far workers know is taken in",
            lambda: not self.accepted(SENDER).keys() - self.addresses(cluster, campaign, "accepted"),
            RUN_SECONDS,
        )
        status = cluster.wait_finished(campaign, RUN_SECONDS)
        accepted = self.accepted(SENDER)
        doubts, _ = doubts_in_ledger(cluster, "campaign")
        print(
            f"\n  healed after {healed_at['short'] - cut_at:.1f} s and {healed_at['long'] - cut_at:.1f} s;"
            f" {status['counts']['accepted']} accepted, {len(doubts)} in doubt",
            flush=True,
        )
        for name in links:
            with self.subTest(f"{name} stopped at its deadline"):
                late = [
                    at - cut_at
                    for at in self.arrivals(workers[name])
                    if cut_at + LEASE_SECONDS + SLACK_SECONDS < at < healed_at[name]
                ]
                self.assertEqual(late, [])
        with self.subTest("nobody is lost, and nobody was written to twice"):
            self.check_story(cluster, campaign, status, accepted, CONTACTS)
        with self.subTest("only what the one that was away for too long had not begun is in doubt"):
            self.assertEqual({worker for _, worker, _ in doubts}, {"long"})
            self.assertGreater(len(doubts), 0)
            self.assertLessEqual(len(doubts), CREDIT)
            self.assertEqual(accepted.keys() & {address for address, _, _ in doubts}, set())


if __name__ == "__main__":
    unittest.main()
