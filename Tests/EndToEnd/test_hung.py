"""A worker that hangs, a worker that sleeps past its deadline, and a second coordinator: nobody is written to twice."""

import json
import signal
import time
import unittest

from cut_proxy import CutProxy
from evidence import RecordedTest, doubts_in_ledger
from harness import Process, free_ports, programs, wait_until

CONTACTS = 2_500
CONNECTIONS = 4
# With so slow a relay a worker holds more than it can send before its deadline.
ANSWER_MILLISECONDS = 50
LEASE_SECONDS = 5
GRACE_SECONDS = 5
SLACK_SECONDS = 3
CREDIT = 1_024
RUN_SECONDS = 120
SENDER = "ann@campaign.example"


class HungTest(RecordedTest):
    def start_cluster(self, grace=GRACE_SECONDS):
        cluster = self.cluster(
            self.start_relay(ANSWER_MILLISECONDS),
            relay_keys={"retries": {"delays": ["1s"]}},
            settings={
                "coordinator": {"lease_ttl": f"{LEASE_SECONDS}s"},
                "orphan_grace": f"{grace}s",
                "worker": {"connections": CONNECTIONS},
            },
        )
        cluster.start_coordinator()
        return cluster

    def import_people(self, cluster, count=CONTACTS):
        cluster.import_contacts({"email": f"p{i}@site{i % 5}.example", "first_name": f"P{i}"} for i in range(count))

    def test_a_worker_whose_loop_hangs_loses_its_targets_and_the_others_go_on(self):
        cluster = self.start_cluster()
        # Its socket's thread lives on, so the connection stays and answers heartbeats.
        hung = cluster.start_worker("hung", {"POSTRIDER_CRASH_AT": "w08:40"})
        cluster.start_worker("well")
        self.import_people(cluster)
        campaign = cluster.submit(on_doubt="hold")
        hung.wait_for_line("the worker hangs", lambda line: line.get("event") == "crash_point", RUN_SECONDS)
        hung_at = time.monotonic()
        cluster.coordinator.wait_for_line("the lease runs out", self.is_expired("hung"))

        status = cluster.wait_finished(campaign, RUN_SECONDS)
        doubts, _ = doubts_in_ledger(cluster, "campaign")
        self.assertEqual({worker for _, worker, _ in doubts}, {"hung"})
        self.assertGreater(len(doubts), CONNECTIONS)
        self.assertLessEqual(len(doubts), CREDIT)
        # It may have ended itself meanwhile, since nothing else can.
        self.assertIn(hung.exit_code, (None, 1))
        self.assertEqual([at for at in self.arrivals(hung) if at > hung_at + SLACK_SECONDS], [])
        self.check_story(cluster, campaign, status, self.accepted(SENDER), CONTACTS)

        # Ended and started again, it still knows what the relay answered.
        hung.kill()
        cluster.start_worker("hung")
        wait_until(
            "what it reports is taken in",
            lambda: len(self.accepted(SENDER).keys() - self.addresses(cluster, campaign, "accepted")) <= CONNECTIONS,
            RUN_SECONDS,
        )
        status = cluster.status(campaign)
        print(f"\n  {len(doubts)} in doubt while it hung, {status['counts']['in_doubt']} in the end", flush=True)
        self.check_story(cluster, campaign, status, self.accepted(SENDER), CONTACTS)

    def test_a_worker_that_wakes_after_its_deadline_sends_nothing_before_it_has_asked(self):
        cluster = self.start_cluster(grace=60)
        link = CutProxy(cluster.workers_port)
        self.addCleanup(link.close)
        cluster.add_worker("sleeper", coordinator=f"tcp://127.0.0.1:{link.port}")
        sleeper = cluster.start_worker("sleeper")
        cluster.start_worker("well")
        self.import_people(cluster)
        campaign = cluster.submit(on_doubt="hold")
        wait_until("it sends", lambda: len(self.arrivals(sleeper)) > 20, RUN_SECONDS)
        sleeper.send(signal.SIGSTOP)
        # So that it cannot ask when it wakes.
        link.cut()
        # What its kernel still sends for it arrives meanwhile.
        time.sleep(LEASE_SECONDS + 1)
        woken_at = time.monotonic()
        sent = len(self.arrivals(sleeper))
        sleeper.send(signal.SIGCONT)
        time.sleep(SLACK_SECONDS)
        late = [at - woken_at for at in self.arrivals(sleeper)[sent:]]
        self.assertEqual(late, [])

        link.heal()
        status = cluster.wait_finished(campaign, RUN_SECONDS)
        print(f"\n  {sent} sent before, {len(self.arrivals(sleeper)) - sent} after it slept: {status['counts']}", flush=True)
        self.assertLessEqual(status["counts"]["in_doubt"], CONNECTIONS)
        self.check_story(cluster, campaign, status, self.accepted(SENDER), CONTACTS)

    def test_a_second_coordinator_on_the_same_database_ends_before_it_listens(self):
        cluster = self.start_cluster()
        cluster.start_worker("w1")
        # Ports of its own, so that nothing but the database is in its way.
        workers, api, public = free_ports(3)
        settings = {
            **cluster.settings,
            "coordinator": {
                "workers_listen": f"tcp://127.0.0.1:{workers}",
                "api_listen": f"127.0.0.1:{api}",
                "public_listen": f"127.0.0.1:{public}",
            },
        }
        path = cluster.folder / "second.yaml"
        path.write_text(json.dumps(settings))
        second = Process("second", [programs() / "postrider-coordinator", "--config", path], cluster.folder)
        self.addCleanup(second.kill)
        self.assertEqual(second.wait(), 1, second.last_words())
        self.assertIn("another coordinator uses", second.text())
        self.assertIn(f"process {cluster.coordinator.pid};", second.text())
        self.assertEqual(second.lines("listening"), [])

        self.import_people(cluster, 200)
        status = cluster.wait_finished(cluster.submit(on_doubt="hold"), RUN_SECONDS)
        self.check_story(cluster, "c1", status, self.accepted(SENDER), 200)
        self.assertEqual(status["counts"]["in_doubt"], 0)


if __name__ == "__main__":
    unittest.main()
