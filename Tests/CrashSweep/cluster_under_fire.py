"""A cluster whose processes die on request, one fault at a time, and come back."""

import signal
import sys
import time

from harness import Cluster, CommandFailure, Process, TooLate, wait_until
from evidence import RELAY, RelayLog

WORKERS = ("w1", "w2")
CONNECTIONS = 8
# Targets that a worker may hold; see "Credit" in ARCHITECTURE.md.
CREDIT = 1_024
LEASE_SECONDS = 5
# What is paused or hangs for so long is past its deadline, whatever it asked last.
PAST_DEADLINE_SECONDS = LEASE_SECONDS + 2
# Longer than anybody is away: what is in doubt then comes from the kill alone.
ORPHAN_GRACE = "60s"
AWAY_SECONDS = (0, 0.3)
# Messages that go by before a kill at a random moment.
MESSAGES_BETWEEN = (10, 300)
STEP_SECONDS = 60
# A point that was not reached by then is not reached in this campaign.
MISS_SECONDS = 8


def now():
    return int(time.time() * 1_000)


class ClusterUnderFire:
    def __init__(self, folder, dice, rate):
        self.folder = folder
        self.dice = dice
        self.rate = rate
        self.log = RelayLog(folder / "relay.log")
        self.log.path.touch()
        self.relay = self.cluster = None

    def start(self):
        port = self.start_relay(0)
        self.port = port
        self.cluster = Cluster(
            self.folder / "cluster",
            port,
            relay_keys={"throttles": [f"{self.rate}/s"], "retries": {"delays": ["1s"], "jitter": 0.2}},
            settings={
                "coordinator": {"lease_ttl": f"{LEASE_SECONDS}s"},
                "orphan_grace": ORPHAN_GRACE,
                "worker": {"connections": CONNECTIONS},
            },
        )
        self.cluster.start_coordinator()
        for name in WORKERS:
            self.cluster.start_worker(name)

    def stop(self):
        self.cluster.stop()
        self.relay.kill()

    def kill(self):
        if self.cluster:
            self.cluster.kill()
        if self.relay:
            self.relay.kill()

    def import_people(self, addresses, name):
        counts = self.cluster.import_contacts(
            ({"email": address, "first_name": f"P{index}"} for index, address in enumerate(sorted(addresses))),
            name=name,
            list_name=name,
        )
        if counts["rows"] != len(addresses) or counts["rejected"]:
            raise AssertionError(f"not everybody was imported: {counts}")

    # Faults

    def die_while_importing(self, fault, addresses, name):
        """The coordinator dies in an import, which is said again: as if it had not been."""
        self.cluster.coordinator.stop()
        fault.at = now()
        self.arm_coordinator(fault)
        try:
            self.import_people(addresses, name)
        except CommandFailure:
            pass
        else:
            raise AssertionError(f"{fault}: the import came to its end")
        self.expect_death(self.cluster.coordinator, fault)
        self.return_coordinator()
        self.import_people(addresses, name)

    def strike(self, fault, is_late):
        """Lets one fault happen and the cluster recover; False when the campaign was over first."""
        for process in (self.relay, self.cluster.coordinator, *self.cluster.workers.values()):
            if not process.is_running:
                raise AssertionError(f"{process.name} died by itself before {fault}:\n{process.last_words()}")
        if fault.point == "coordinator":
            return self.kill_coordinator(fault)
        if fault.point == "relay":
            return self.kill_relay(fault, is_late)
        if fault.point.startswith("c"):
            return self.die_as_coordinator(fault, is_late)
        name = self.dice.choice(WORKERS)
        fault.victims = (name,)
        if fault.point in ("worker", "w10"):
            return self.kill_worker(fault, name, is_late, loses_journal=fault.point == "w10")
        if fault.point == "w09":
            return self.pause_worker(fault, name, is_late)
        return self.die_as_worker(fault, name, is_late)

    def kill_coordinator(self, fault):
        self.let_pass()
        fault.at = now()
        self.cluster.coordinator.kill()
        fault.kills = 1
        self.return_coordinator()
        return True

    def die_as_coordinator(self, fault, is_late):
        self.cluster.coordinator.stop()
        fault.at = now()
        self.arm_coordinator(fault)
        if self.is_missed(self.cluster.coordinator, is_late):
            self.cluster.coordinator.stop()
            self.return_coordinator()
            return False
        self.expect_death(self.cluster.coordinator, fault)
        self.return_coordinator()
        return True

    def kill_relay(self, fault, is_late):
        self.let_pass()
        fault.at, fault.victims = now(), WORKERS
        relay = self.relay.pid
        self.relay.kill()
        fault.kills = 1
        fault.allowed = len(self.log.read().open_of_relay(relay))
        self.stay_away()
        self.start_relay(self.port)
        self.wait_for_messages(lambda: self.log.messages_of_relay[self.relay.pid], is_late)
        return True

    def kill_worker(self, fault, name, is_late, loses_journal):
        self.let_pass()
        worker = self.cluster.workers[name]
        ended = self.ended()
        fault.at = now()
        worker.kill()
        fault.kills = 1
        fault.allowed = CREDIT if loses_journal else self.broken(worker, ended)
        if loses_journal:
            journals = list(self.folder.rglob(f"journal-{name}.sqlite*"))
            if not journals:
                raise AssertionError(f"{name} has no journal below {self.folder}")
            for journal in journals:
                journal.unlink()
        self.return_worker(name, is_late)
        return True

    def pause_worker(self, fault, name, is_late):
        self.let_pass()
        worker = self.cluster.workers[name]
        fault.at = now()
        worker.send(signal.SIGSTOP)
        fault.allowed = len(self.log.read().open_of_process(worker.pid, self.relay.pid))
        time.sleep(PAST_DEADLINE_SECONDS)
        before = len(self.log.read().arrivals[worker.pid])
        worker.send(signal.SIGCONT)
        self.wait_for_messages(lambda: len(self.log.arrivals[worker.pid]) > before, is_late)
        return True

    def die_as_worker(self, fault, name, is_late):
        self.cluster.workers[name].stop()
        ended = self.ended()
        fault.at = now()
        environment = {"POSTRIDER_CRASH_AT": f"{fault.point}:{fault.passing}"}
        worker = self.cluster.start_worker(name, environment)
        hangs = fault.point == "w08"
        if self.is_missed(worker, is_late, hangs):
            worker.stop()
            self.cluster.start_worker(name)
            return False
        if hangs:
            time.sleep(PAST_DEADLINE_SECONDS)
            worker.kill()
        self.expect_death(worker, fault)
        fault.allowed = self.broken(worker, ended)
        self.return_worker(name, is_late)
        return True

    # Steps

    def arm_coordinator(self, fault):
        environment = {"POSTRIDER_CRASH_AT": f"{fault.point}:{fault.passing}"}
        try:
            self.cluster.start_coordinator(environment)
        except TooLate:
            # It may die before anybody can ask whether it is ready.
            if self.cluster.coordinator.exit_code != -signal.SIGKILL:
                raise

    def is_missed(self, process, is_late, hangs=False):
        """Waits for a death (or a hang); True when the campaign is nearly over and nothing came."""
        end, late = time.monotonic() + STEP_SECONDS, None
        while process.is_running and not (hangs and process.lines("crash_point")):
            if late is None and is_late():
                late = time.monotonic()
            if time.monotonic() > end or (late and time.monotonic() > late + MISS_SECONDS):
                return True
            time.sleep(0.02)
        return False

    def expect_death(self, process, fault):
        if process.wait() != -signal.SIGKILL:
            raise AssertionError(f"{process.name} ended with {process.exit_code} at {fault}:\n{process.last_words()}")
        fault.kills = 1

    def return_coordinator(self):
        self.stay_away()
        self.cluster.start_coordinator()

        def are_back():
            states = {one["name"]: one["state"] for one in self.cluster.worker_states()}
            return all(states.get(name) == "connected" for name in WORKERS)

        wait_until("the workers are back", are_back, STEP_SECONDS)

    def return_worker(self, name, is_late):
        self.stay_away()
        worker = self.cluster.start_worker(name)
        self.wait_for_messages(lambda: self.log.arrivals[worker.pid], is_late)

    def start_relay(self, port):
        """Returns the port it listens on."""
        before = len(self.lines_of_relay())
        words = [sys.executable, RELAY, self.log.path, port, self.dice.randrange(1 << 30)]
        self.relay = Process("relay", words, self.folder)
        line = wait_until("the relay listens", lambda: self.lines_of_relay()[before:], STEP_SECONDS)[0]
        return line["listening"]

    def lines_of_relay(self):
        return [line for line in self.relay.lines() if "listening" in line] if self.relay else []

    def wait_for_messages(self, is_there, is_late):
        wait_until("messages come again", lambda: self.log.read() and (is_there() or is_late()), STEP_SECONDS)

    def let_pass(self):
        """A random moment from now, measured in messages."""
        total = sum(self.log.read().messages_of_relay.values()) + self.dice.randint(*MESSAGES_BETWEEN)
        end = time.monotonic() + 2
        while sum(self.log.read().messages_of_relay.values()) < total and time.monotonic() < end:
            time.sleep(0.01)

    def stay_away(self):
        time.sleep(self.dice.uniform(*AWAY_SECONDS))

    def ended(self):
        return set(self.log.read().closed)

    def broken(self, worker, ended):
        """How many relay connections a dead worker had open."""
        relay = self.relay.pid
        wait_until("the relay sees the death", lambda: not self.log.read().open_of_process(worker.pid, relay), STEP_SECONDS)
        return len(self.log.broken_of_process(worker.pid, relay, ended))
