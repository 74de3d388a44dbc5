#!/usr/bin/env python3
"""A Postrider worker in Python, written from worker.proto and ARCHITECTURE.md ("The worker protocol") alone.

It shows that another program can be a worker, and where the text would not have been enough. It sends one message at a time.
Needs pyzmq and protobuf, and worker_pb2 made by `protoc --python_out=FOLDER worker.proto` in the folder given by --wire.
"""

import argparse
import importlib
import random
import signal
import sys
import time

from worker_journal import Journal
from worker_link import Link, read_keys
from worker_mail import NotSent, Relay, RelayProblem, compose, envelope_sender, strings

REPORT_SECONDS = 0.1
RESEND_SECONDS = 1.0
HELLO_SECONDS = 5.0
CREDIT_SECONDS = 5.0
RELAY_SECONDS = 5.0
STOP_SECONDS = 30.0
PROCESS = random.getrandbits(63) + 1


def now():
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def log(*words):
    print(*words, file=sys.stderr, flush=True)


class Lease:
    def __init__(self, grant, deadline, closing):
        self.grant = grant
        self.deadline = min(deadline, closing)
        # The recipients' hours are over then: no renewal goes beyond it.
        self.closing = closing
        self.arrived = now()
        self.addresses = [address.decode() for address in strings(grant.address)]
        self.columns = [list(strings(column)) for column in grant.field]
        self.next = 0  # index of the first target that was not begun
        self.is_over = False  # begin nothing more
        self.withdrawn = set()  # positions that must not be sent

    def begins(self, index):
        return self.arrived + index * self.grant.spread / 1000 / len(self.grant.position)


class Worker:
    def __init__(self, wire, link, journal, stop_after):
        self.wire, self.link, self.journal = wire, link, journal
        self.stop_after, self.settled, self.is_stopping = stop_after, 0, False
        self.leases, self.contents, self.relays = {}, {}, {}
        self.relay_problems = {}  # name -> when to try again
        self.ttl = self.credit = 0
        self.nonce, self.sent_at = 0, {}
        self.credit_at = self.progress_at = self.hello_at = self.busy_at = 0.0
        self.freed = 0
        # What a former process left: its outcomes again, and doubt where there is an intent only.
        for epoch, positions in list(journal.unsettled.items()):
            for position in sorted(positions):
                journal.outcome(epoch, position, self.fact("IN_DOUBT", "no_reply"))
        self.unreported = list(journal.unacknowledged)
        self.reports, self.report_number = {}, 0  # number -> [message, keys, when sent]

    def fact(self, outcome, reason="", code=0, status="", text="", retry_after=0):
        return {
            "outcome": outcome, "reason": reason, "at": int(time.time() * 1000), "retry_after": retry_after,
            "reply": [code, status, text.encode()[:256].decode("utf-8", "ignore")],
        }

    # The conversation

    def hello(self):
        begun = self.journal.begun()
        message = self.wire.Hello(
            build="python-conformance", machine_boot=open("/proc/sys/kernel/random/boot_id").read().strip(),
            journal=self.journal.id, connections=1, process=PROCESS,
        )
        for epoch in sorted(set(begun) | set(self.leases)):
            message.held.add(epoch=epoch, running=epoch in self.leases, begun=sorted(begun.get(epoch, ())))
        self.link.start_session(0)
        self.hello_at = now()
        self.link.send(message)

    def next_nonce(self):
        self.nonce += 1
        self.sent_at[self.nonce] = now()
        for old in [nonce for nonce, at in self.sent_at.items() if at < now() - 2 * self.ttl - 60]:
            del self.sent_at[old]
        return self.nonce

    def offer(self):
        """Credit: after Welcome, when a quarter of the room became free, and when idle."""
        is_due = self.credit_at == 0 or self.freed * 4 >= self.credit or now() - self.credit_at >= CREDIT_SECONDS
        if self.link.session and not self.is_stopping and is_due:
            self.link.send(self.wire.Credit(nonce=self.next_nonce(), targets=self.credit))
            self.credit_at, self.freed = now(), 0

    def progress(self):
        if self.link.session and self.leases and now() - self.progress_at >= self.ttl / 4:
            message = self.wire.Progress(nonce=self.next_nonce())
            for epoch, lease in self.leases.items():
                message.epoch.append(epoch)
                message.settled.append(lease.next)
            self.link.send(message)
            self.progress_at = now()

    def report(self, is_flushing=False):
        if not self.link.session:
            return
        if self.unreported and (is_flushing or now() - self.busy_at >= REPORT_SECONDS):
            self.busy_at = now()
            self.report_number += 1
            keys, self.unreported = self.unreported[:1000], self.unreported[1000:]
            self.reports[self.report_number] = [self.report_of(keys), keys, 0.0]
        for entry in self.reports.values():
            if now() - entry[2] >= RESEND_SECONDS and self.link.send(entry[0]):
                entry[2] = now()

    def report_of(self, keys):
        message = self.wire.Report(number=self.report_number)
        leases = {}
        for epoch, position in keys:
            if epoch not in leases:
                leases[epoch] = message.leases.add(epoch=epoch)
            lease, fact = leases[epoch], self.journal.unacknowledged[epoch, position]
            lease.position.append(position)
            lease.outcome.append(self.wire.OutcomeCode.Value(fact["outcome"]))
            if fact["reason"] not in lease.reasons:
                lease.reasons.append(fact["reason"])
            lease.reason.append(list(lease.reasons).index(fact["reason"]))
            code, status, text = fact["reply"]
            reply = self.wire.Reply(code=code, status=status, text=text)
            if reply not in lease.replies:
                lease.replies.append(reply)
            lease.reply.append(list(lease.replies).index(reply))
            lease.at.append(fact["at"])
            lease.retry_after.append(fact["retry_after"])
        return message

    def on(self, session, name, message):
        if name == "Welcome":
            self.link.start_session(session)
            self.ttl, self.credit, self.credit_at = message.lease_ttl / 1000, message.credit, 0
            self.relays = {relay.name: Relay(relay) for relay in message.relays}
            self.relay_problems, self.contents = {}, {}
            for entry in self.reports.values():
                entry[2] = 0.0
            log("welcome", message.worker)
        elif name == "Problem":
            log("problem:", message.text)
            if message.session_unknown and session in (0, self.link.session):
                self.hello()
        elif session != self.link.session or session == 0:
            return
        elif name == "Content":
            self.contents[message.campaign] = message
        elif name == "Forget":
            self.contents.pop(message.campaign, None)
        elif name == "Grant":
            sent = self.sent_at.get(message.nonce, float("-inf"))
            closing = sent + message.send_within / 1000 if message.send_within else float("inf")
            self.leases[message.epoch] = Lease(message, sent + self.ttl, closing)
        elif name == "Renew":
            self.on_renew(message)
        elif name == "Recall":
            for epoch in message.epoch:
                if epoch in self.leases:
                    self.leases[epoch].is_over = True
        elif name == "Withdraw":
            for epoch, position in zip(message.epoch, message.position, strict=True):
                if epoch in self.leases:
                    self.leases[epoch].withdrawn.add(position)
        elif name == "Acknowledge":
            for number in [number for number in self.reports if number <= message.number]:
                for epoch, position in self.reports.pop(number)[1]:
                    self.journal.acknowledged(epoch, position)

    def on_renew(self, message):
        sent = self.sent_at.get(message.nonce)
        if sent is None:
            return
        for epoch, lease in self.leases.items():
            if epoch in message.epoch:
                lease.deadline = min(max(lease.deadline, sent + self.ttl), lease.closing)
            elif lease.arrived < sent:
                lease.is_over = True

    # Sending

    def settle(self, lease, index, fact):
        key = (lease.grant.epoch, lease.grant.position[index])
        self.journal.outcome(*key, fact)
        self.unreported.append(key)
        self.freed += 1
        if fact["outcome"] != "RETURNED":
            self.settled += 1

    def give_back(self, lease):
        while lease.next < len(lease.grant.position):
            self.settle(lease, lease.next, self.fact("RETURNED"))
            lease.next += 1

    def work(self):
        """Sends at most one message. Says whether it did."""
        for epoch, lease in list(self.leases.items()):
            if lease.is_over or self.is_stopping or now() >= lease.deadline:
                self.give_back(lease)
            if lease.next == len(lease.grant.position):
                del self.leases[epoch]
            elif lease.begins(lease.next) <= now():
                self.send_next(lease)
                return True
        return False

    def send_next(self, lease):
        grant, index = lease.grant, lease.next
        content, relay = self.contents.get(grant.campaign), self.relays.get(grant.relay)
        # This worker cannot make DKIM signatures: what must have them is another worker's.
        is_ours = content is not None and not content.signing
        if not is_ours or relay is None or now() < self.relay_problems.get(grant.relay, 0):
            self.give_back(lease)
            return
        lease.next += 1
        if grant.position[index] in lease.withdrawn:
            self.settle(lease, index, self.fact("RETURNED"))
            return
        try:
            values = {}
            for field, column in zip(content.fields, lease.columns, strict=True):
                value = column[index].decode()
                values[field.name] = value == "true" if field.type == "boolean" else value
            data = compose(
                content, content.variants[grant.variant[index]], lease.addresses[index], values, grant.lane,
                grant.position[index],
            )
        except (ValueError, IndexError) as error:
            self.settle(lease, index, self.fact("FAILED", "render", text=str(error)))
            return
        try:
            relay.open()
            if self.relay_problems.pop(grant.relay, None):
                self.link.send(self.wire.RelayState(relay=grant.relay, available=True))
            code, text = relay.hand_over(
                envelope_sender(content, grant.lane, grant.position[index]), lease.addresses[index], data,
                lambda: self.intend(lease, index),
            )
            self.settle(lease, index, self.classified(code, text))
        except RelayProblem as problem:
            self.relay_problems[grant.relay] = now() + RELAY_SECONDS
            self.link.send(self.wire.RelayState(relay=grant.relay, problem=str(problem)))
            lease.next = index
            self.give_back(lease)
        except NotSent:
            self.settle(lease, index, self.fact("RETURNED"))

    def intend(self, lease, index):
        self.journal.intent(lease.grant.epoch, lease.grant.position[index])
        if now() >= lease.deadline:
            raise NotSent

    def classified(self, code, text):
        if code <= 0:
            return self.fact("IN_DOUBT", "no_reply") if code == 0 else self.fact("DEFERRED", "connection")
        first, _, rest = text.partition(" ")
        status, text = (first, rest) if first.count(".") == 2 and first.replace(".", "").isdigit() else ("", text)
        kind = int(status[0]) if status else code // 100
        if kind == 2:
            return self.fact("ACCEPTED", "", code, status, text)
        subject = status.split(".")[1] if status else ""
        if kind == 4:
            is_throttled = code == 421 or subject in ("3", "4", "7")
            return self.fact("DEFERRED", "throttled" if is_throttled else "temporary", code, status, text)
        reason = {"1": "mailbox", "2": "mailbox", "7": "policy"}.get(subject, "refused")
        return self.fact("BOUNCED", reason, code, status, text)

    # The loop

    def turn(self):
        for event in self.link.events():
            if event == "refused":
                sys.exit("the coordinator refuses this worker's key")
            self.hello()
        for session, name, message in self.link.receive():
            self.on(session, name, message)
        if self.hello_at and not self.link.session and now() - self.hello_at >= HELLO_SECONDS:
            self.hello()
        did_work = self.work()
        self.report(is_flushing=self.is_stopping)
        self.progress()
        self.offer()
        return did_work

    def run(self, idle_seconds):
        busy_at, stopping_at = now(), None
        while True:
            if self.turn():
                busy_at = now()
            else:
                self.link.poll(0.02)
            is_done = self.settled >= self.stop_after or (not self.leases and now() - busy_at >= idle_seconds)
            if is_done or self.is_stopping:
                self.is_stopping = True
                stopping_at = stopping_at or now()
                is_empty = not (self.leases or self.unreported or self.reports)
                if is_empty or now() - stopping_at >= STOP_SECONDS:
                    self.link.send(self.wire.Goodbye())
                    return 0 if is_empty else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--coordinator", required=True, metavar="tcp://HOST:PORT")
    parser.add_argument("--coordinator-key", required=True, metavar="Z85")
    parser.add_argument("--key", required=True, help="file with the lines `public Z85` and `secret Z85`")
    parser.add_argument("--journal", required=True, help="file, made when it is not there")
    parser.add_argument("--wire", required=True, help="folder of worker_pb2.py")
    parser.add_argument("--settle", type=int, default=sys.maxsize, help="stop after so many outcomes")
    parser.add_argument("--idle", type=float, default=30, help="stop after so many seconds without work")
    options = parser.parse_args()
    sys.path.insert(0, options.wire)
    wire = importlib.import_module("worker_pb2")
    link = Link(wire, options.coordinator, options.coordinator_key.encode("ascii"), read_keys(options.key))
    worker = Worker(wire, link, Journal(options.journal), options.settle)

    def stop(*_):
        worker.is_stopping = True

    signal.signal(signal.SIGTERM, stop)
    # Who started this process may have blocked it, and a child inherits that.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    code = worker.run(options.idle)
    link.close()
    log("settled", worker.settled)
    sys.exit(code)


if __name__ == "__main__":
    main()
