"""Coordinator and workers are killed at random moments; nobody is lost, and nobody is written to twice.

Judged by the relay's own record of what it accepted. The moments come from a seed, which a failure names;
POSTRIDER_SEED repeats it, POSTRIDER_BIN and POSTRIDER_SMALL are as in harness.py.
"""

import collections
import json
import os
import random
import signal
import time
import unittest

from harness import SMALL, EndToEndTest, TooLate, programs, wait_until

CONTACTS = 4_000 if SMALL else 20_000
WORKERS = 2
CONNECTIONS = 8
# Targets that a worker may hold; see "Credit" in ARCHITECTURE.md.
CREDIT = 1_024
KILLS = 4 if SMALL else 8
# A killed process is away that long.
AWAY_SECONDS = 1
# The relay's limit, so that all kills fall into the campaign.
RATE = 250 if SMALL else 800
RUN_SECONDS = 300
# Kills are spread over this part of the campaign.
FIRST_SHARE, LAST_SHARE = 0.05, 0.85
# A site's answers take a moment, so that a kill finds messages on their way.
SCENARIO = """\
rules:
  - { match: "*", share: 0.02, at: message, slow: 300ms }
  - { match: "*", share: 0.005, reply: "550 5.1.1 No such mailbox" }
  - { match: "*", share: 0.01, tries: 1, reply: "450 4.2.1 Mailbox busy, try again" }
"""
SLOW_SCENARIO = """\
rules:
  - { match: "*", at: message, slow: 50ms }
"""


class KillTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.seed = int(os.environ.get("POSTRIDER_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
        self.random = random.Random(self.seed)
        self.record = self.folder / "relay.jsonl"
        self.contacts = CONTACTS

    def test_workers_are_killed(self):
        self.run_with_kills(["w1", "w2"], "hold")

    def test_the_coordinator_is_killed(self):
        self.run_with_kills(["coordinator"], "hold")

    def test_all_of_them_are_killed(self):
        self.run_with_kills(["w1", "coordinator", "w2", "coordinator"], "hold")

    def test_a_worker_does_not_come_back_in_time(self):
        # A relay that takes its time, so that the worker holds something whenever it is killed.
        self.contacts = 3_000
        cluster = self.start_everything(SLOW_SCENARIO, rate=1_000_000, lease_ttl="5s", orphan_grace="2s")
        cluster.import_contacts(self.people())
        campaign = cluster.submit(on_doubt="hold")
        self.wait_for_messages(int(self.random.uniform(FIRST_SHARE, 0.3) * self.contacts))
        cluster.workers["w1"].kill()
        status = self.wait_settled(cluster, campaign)
        self.assertEqual(status["state"], "finished")
        doubtful = {target["address"] for target in cluster.targets(campaign, "in_doubt")}
        self.assertGreater(len(doubtful), 0, "the worker held nothing when it was killed")
        self.assertLessEqual(len(doubtful), CREDIT)

        # It still knows what the relay answered; only what was open when it was killed stays unknown.
        cluster.start_worker("w1")
        wait_until(
            "what it reports is taken in",
            lambda: self.unknown(cluster, campaign) <= CONNECTIONS,
            30,
            lambda: f"(seed {self.seed}) {cluster.status(campaign)}\n{cluster.workers['w1'].last_words()}",
        )
        print(f"\n  seed {self.seed}: it came back too late for {len(doubtful)}", flush=True)
        self.check(cluster, campaign, cluster.status(campaign), collections.Counter({"w1": 1}), CREDIT)

    def test_up_starts_again_what_was_killed(self):
        self.contacts = 3_000
        cluster = self.start_everything(rate=300, separately=False)
        cluster.import_contacts(self.people())
        campaign = cluster.submit(on_doubt="hold")
        killed = collections.Counter()
        for victim, share in (("local-1", 0.1), ("coordinator", 0.35), ("local-2", 0.6)):
            self.wait_for_messages(int(share * self.contacts))
            starts = self.starts(cluster, victim)
            time.sleep(self.random.uniform(0, 0.5))
            os.kill(starts[-1], signal.SIGKILL)
            killed[victim] += 1
            wait_until(f"{victim} is started again", lambda: len(self.starts(cluster, victim)) > len(starts), 30)
        cluster.wait_ready()
        status = self.wait_settled(cluster, campaign)
        self.check(cluster, campaign, status, killed, CONNECTIONS * 2)

    def starts(self, cluster, name):
        """Process ids of a child of `up`, in order."""
        return [line["pid"] for line in cluster.up.lines("child_started") if line["msg"].startswith(f"{name} ")]

    def unknown(self, cluster, campaign):
        """Addresses that the relay accepted a message for and the ledger does not know of."""
        accepted = self.accepted_by_relay()
        known = {target["address"] for target in cluster.targets(campaign, "accepted")}
        return len(accepted.keys() - known)

    def run_with_kills(self, victims, on_doubt):
        cluster = self.start_everything()
        cluster.import_contacts(self.people())
        campaign = cluster.submit(on_doubt=on_doubt)
        # One at a random moment of each equal part: together they would outlast the campaign.
        part = (LAST_SHARE - FIRST_SHARE) / KILLS
        moments = [FIRST_SHARE + part * (index + self.random.random()) for index in range(KILLS)]
        killed = collections.Counter()
        for index, moment in enumerate(moments):
            self.wait_for_messages(int(moment * self.contacts))
            victim = victims[index % len(victims)]
            killed[victim] += self.kill(cluster, victim)
        self.assertLess(self.seen(), self.contacts, f"seed {self.seed}: the campaign was over before the last kill")
        status = self.wait_settled(cluster, campaign)
        worker_kills = sum(times for name, times in killed.items() if name != "coordinator")
        # Doubt is what was open when a worker was killed; a killed coordinator causes none.
        self.check(cluster, campaign, status, killed, CONNECTIONS * worker_kills)

    def people(self):
        return ({"email": f"p{i}@site{i % 5}.example", "first_name": f"P{i}"} for i in range(self.contacts))

    def wait_settled(self, cluster, campaign):
        try:
            return cluster.wait_settled(campaign, RUN_SECONDS)
        except TooLate as late:
            raise TooLate(f"seed {self.seed}: {late}") from None

    def kill(self, cluster, victim):
        """Kills a process and starts it again. Returns 1 when it was alive."""
        process = cluster.coordinator if victim == "coordinator" else cluster.workers[victim]
        self.assertTrue(process.is_running, f"seed {self.seed}: {victim} died by itself:\n{process.last_words()}")
        # The relay's record comes in pieces; this puts the moment anywhere in between.
        time.sleep(self.random.uniform(0, 0.5))
        process.kill()
        time.sleep(AWAY_SECONDS)
        if victim == "coordinator":
            cluster.start_coordinator()
        else:
            cluster.start_worker(victim)
        return 1

    def wait_for_messages(self, count):
        wait_until(f"the relay has {count} messages (seed {self.seed})", lambda: self.seen() >= count, RUN_SECONDS)

    def seen(self):
        return self.record.read_bytes().count(b"\n")

    def check(self, cluster, campaign, status, killed, doubts_max):
        says = f"seed {self.seed}, killed {dict(killed)}: {status}"
        self.relay.stop(signal.SIGINT)
        accepted = self.accepted_by_relay()
        twice = {address: times for address, times in accepted.items() if times > 1}
        targets = cluster.targets(campaign)
        by_outcome = collections.defaultdict(set)
        for target in targets:
            by_outcome[target["outcome"]].add(target["address"])
        doubtful = by_outcome["in_doubt"]
        print(
            f"\n  seed {self.seed}: {sum(killed.values())} kills, {len(by_outcome['accepted'])} accepted,"
            f" {len(by_outcome['bounced'])} bounced, {len(doubtful)} in doubt, of which the relay has"
            f" {len(doubtful & accepted.keys())}",
            flush=True,
        )
        # Nobody is lost: one row for each, and each says what came of it.
        self.check_counts(status)
        self.assertEqual(status["audience"], self.contacts, says)
        self.assertEqual(len(targets), self.contacts, says)
        self.assertEqual(len({target["address"] for target in targets}), self.contacts, says)
        self.assertEqual(set(by_outcome) - {"accepted", "bounced", "in_doubt"}, set(), says)
        # Both sides tell the same story.
        self.assertEqual(by_outcome["accepted"] - accepted.keys(), set(), says)
        self.assertEqual(accepted.keys() - by_outcome["accepted"] - doubtful, set(), says)
        # Nobody is written to twice.
        self.assertEqual(twice, {}, says)
        self.assertEqual(status["sent_twice"], 0, says)
        self.assertLessEqual(len(doubtful), doubts_max, says)

    def accepted_by_relay(self):
        """How often the relay accepted a message for each address."""
        # The last line may be half written.
        lines = [json.loads(line) for line in self.record.read_text().rpartition("\n")[0].split("\n")]
        return collections.Counter(line["to"] for line in lines if line["reply"].startswith("2"))

    def start_everything(self, scenario=SCENARIO, rate=RATE, lease_ttl="10s", orphan_grace="30s", separately=True):
        (self.folder / "scenario.yaml").write_text(scenario)
        self.record.touch()
        arguments = [
            programs() / "postrider", "sink", "--listen", "127.0.0.1:0", "--scenario", "scenario.yaml",
            "--log", self.record.name, "--json",
        ]
        self.relay = self.start("relay", arguments)
        listening = self.relay.wait_for_line("the relay listens", lambda line: "listening" in line)["listening"]
        cluster = self.cluster(
            int(listening.rsplit(":", 1)[1]),
            relay_keys={"throttles": [f"{rate}/s"], "retries": {"delays": ["1s"], "jitter": 0.2}},
            settings={
                "coordinator": {"lease_ttl": lease_ttl},
                "orphan_grace": orphan_grace,
                "worker": {"connections": CONNECTIONS},
            },
        )
        if not separately:
            cluster.start_up(workers=WORKERS)
            return cluster
        cluster.start_coordinator()
        for index in range(WORKERS):
            cluster.start_worker(f"w{index + 1}")
        return cluster


if __name__ == "__main__":
    unittest.main()
