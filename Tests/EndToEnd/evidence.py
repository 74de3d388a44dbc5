"""What a test compares: what mortal_relay.py wrote down, and doubts as the ledger has them."""

import collections
import sqlite3
import sys
from pathlib import Path

from harness import EndToEndTest

RELAY = Path(__file__).with_name("mortal_relay.py")

# As Sources/Shared/Domain/Outcome.swift numbers them.
IN_DOUBT = 5


class RelayLog:
    """The log of mortal_relay.py, read as it grows; every relay of a test writes to the same."""

    def __init__(self, path):
        self.path = path
        self.offset = 0
        # By sender, which each campaign has for itself: how often each address was accepted.
        self.accepted = collections.defaultdict(collections.Counter)
        # When the final dots of a process's messages came.
        self.arrivals = collections.defaultdict(list)
        self.messages_of_relay = collections.Counter()
        self.process_of = {}
        self.quit, self.closed = set(), set()

    def read(self):
        with open(self.path, "rb") as file:
            file.seek(self.offset)
            # The last line may be half written.
            whole = file.read().rpartition(b"\n")[0]
        if not whole:
            return self
        self.offset += len(whole) + 1
        for line in whole.decode().split("\n"):
            words = line.split(" ")
            kind, connection = words[0], words[1]
            if kind == "m":
                self.accepted[words[2]][words[3]] += 1
                self.arrivals[self.process_of.get(connection)].append(float(words[4]))
                self.messages_of_relay[relay_of(connection)] += 1
            elif kind == "o":
                self.process_of[connection] = int(words[2])
            elif kind == "q":
                self.quit.add(connection)
            else:
                self.closed.add(connection)
        return self

    def seen(self, sender):
        """Messages of one campaign."""
        return sum(self.accepted[sender].values())

    def open_of_process(self, process, relay):
        """Connections that a process has open, as far as this relay knows."""
        return {
            connection
            for connection, owner in self.process_of.items()
            if owner == process and relay_of(connection) == relay and connection not in self.closed
        }

    def open_of_relay(self, relay):
        return {one for one in self.process_of if relay_of(one) == relay and one not in self.closed}

    def broken_of_process(self, process, relay, before):
        """Connections of a process that ended without a QUIT, except those that had ended `before`."""
        return {
            connection
            for connection, owner in self.process_of.items()
            if owner == process and relay_of(connection) == relay and connection not in before | self.quit
        }


def relay_of(connection):
    return int(connection.partition(".")[0])


def doubts_in_ledger(cluster, name):
    """Every attempt of a campaign that is in doubt, as (address, worker, at); and who was in doubt at some time."""
    # Read only: one process alone may write and checkpoint.
    path = cluster.folder / "data" / "postrider.sqlite"
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)
    try:
        (campaign,) = connection.execute("SELECT id FROM campaign WHERE name = ?", (name,)).fetchone()
        rows = connection.execute(
            "SELECT c.email, l.worker, l.at FROM ledger l JOIN target t USING (campaign, lane, position)"
            " JOIN contact c ON c.id = t.contact WHERE l.campaign = ? AND l.outcome = ?",
            (campaign, IN_DOUBT),
        ).fetchall()
        doubted = connection.execute(
            "SELECT c.email FROM target t JOIN contact c ON c.id = t.contact WHERE t.campaign = ? AND t.doubted = 1",
            (campaign,),
        )
        return rows, {email for (email,) in doubted} | {row[0] for row in rows}
    finally:
        connection.close()


class RecordedTest(EndToEndTest):
    """A test with one relay, mortal_relay.py, whose log can be asked."""

    def start_relay(self, milliseconds):
        """Returns the port; `milliseconds` is how long an answer to a final dot takes."""
        self.log = RelayLog(self.folder / "relay.log")
        relay = self.start("relay", [sys.executable, RELAY, self.log.path, 0, 1, milliseconds])
        return relay.wait_for_line("the relay listens", lambda line: "listening" in line)["listening"]

    def accepted(self, sender):
        """How often the relay accepted a message for each address."""
        return self.log.read().accepted[sender]

    def arrivals(self, worker):
        """When a worker's messages came, by CLOCK_MONOTONIC."""
        return self.log.read().arrivals[worker.pid]

    def addresses(self, cluster, campaign, outcome):
        return {target["address"] for target in cluster.targets(campaign, outcome)}

    def is_expired(self, worker):
        """Whether a line of the coordinator's log says that a lease of this worker ran out."""
        return lambda line: line.get("event") == "lease_expired" and line.get("worker") == worker

    def check_story(self, cluster, campaign, status, accepted, contacts):
        """Everybody has one outcome, and nobody was written to twice; says nothing about how many are in doubt."""
        self.check_counts(status)
        self.assertEqual(status["audience"], contacts)
        self.assertEqual(status["sent_twice"], 0)
        self.assertEqual({address: times for address, times in accepted.items() if times > 1}, {})
        by_outcome = collections.defaultdict(set)
        for target in cluster.targets(campaign):
            by_outcome[target["outcome"]].add(target["address"])
        self.assertEqual(set(by_outcome) - {"accepted", "bounced", "in_doubt"}, set())
        self.assertEqual(sum(map(len, by_outcome.values())), contacts)
        self.assertEqual(by_outcome["accepted"] - accepted.keys(), set(), "in the ledger, not seen by the relay")
        self.assertEqual(accepted.keys() - by_outcome["accepted"] - by_outcome["in_doubt"], set())
