"""Every command's --help has an example that works: each line is taken from there and run against a real cluster.

A command without one fails here. Give its CommandConfiguration `discussion: HelpText.with(examples: "postrider …")` (Sources/CLI/
HelpText.swift). A line is run by a shell in a folder with what `prepare` puts there: settings and tokens of a running cluster with
the workers w1 and w3, voters.csv (imported as the list voters), the files of deploy/examples, and mails in returned/. `c1` stands for
a campaign that is finished, or in the state that STATES says.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import unittest

from harness import COMMAND_SECONDS, REPOSITORY, EndToEndTest, Process, programs, wait_until

PEOPLE = 100
EXAMPLE = re.compile(r"^(?:  |Example: )(postrider .*)$", re.MULTILINE)
# What a terminal without a size is taken for: longer lines are wrapped, and cannot be copied.
COLUMNS = 80

# The state of c1 before a command's example, where it must not be finished.
STATES = {
    "campaign submit": "submitted",
    "campaign approve": "submitted",
    "campaign start": "running",
    "campaign pause": "running",
    "campaign resume": "paused",
    "campaign cancel": "running",
}
# These go on until somebody ends them, and then end well.
ENDLESS = ("up", "sink", "top")
# After all others: it takes the worker away.
LAST = ("suppress remove", "worker remove")

SCENARIO = """\
rules:
  - { match: "*", share: 0.1, reply: "550 5.1.1 No such mailbox" }
  - { match: "*", share: 0.05, at: message, drop: true }
"""
RETURNED = b"""From: MAILER-DAEMON@mx.example\r\nTo: ann@campaign.example\r\nSubject: Undelivered Mail\r
MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r
--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r
Final-Recipient: rfc822; zoe@site.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--x--\r\n"""


class HelpTest(EndToEndTest):
    def test_every_example_works(self):
        commands = sorted(self.leaves(), key=lambda name: (name in LAST, name))
        self.assertIn("campaign approve", commands)
        examples = {name: self.examples(name) for name in commands}
        without = [name for name, lines in examples.items() if not lines]
        self.assertEqual(without, [], "their --help has no example; see the first lines of this file")
        self.prepare()
        for name, lines in examples.items():
            for line in lines:
                with self.subTest(line):
                    self.run_example(name, line)

    def leaves(self):
        """Every command that has no commands below it, as words after `postrider`."""
        dump = subprocess.run(
            [programs() / "postrider", "--experimental-dump-help"], check=True, stdout=subprocess.PIPE, text=True
        ).stdout

        def walk(command, words):
            below = [one for one in command.get("subcommands", []) if one["commandName"] != "help"]
            if not below:
                yield " ".join(words)
            for one in below:
                if one.get("shouldDisplay", True):
                    yield from walk(one, [*words, one["commandName"]])

        return list(walk(json.loads(dump)["command"], []))

    def examples(self, name):
        text = subprocess.run(
            [programs() / "postrider", *name.split(), "--help"],
            check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, "COLUMNS": str(COLUMNS)},
        ).stdout
        # What comes after the usage is about options.
        return [line.strip() for line in EXAMPLE.findall(text.split("\nUSAGE:")[0])]

    def prepare(self):
        (self.folder / "scenario.yaml").write_text(SCENARIO)
        sink = self.start(
            "sink",
            [programs() / "postrider", "sink", "--listen", "127.0.0.1:0", "--scenario", "scenario.yaml", "--json"],
        )
        place = sink.wait_for_line("the sink listens", lambda line: "listening" in line)["listening"]
        self.port = int(place.rsplit(":", 1)[1])
        self.running = self.cluster(self.port, settings={"approval": "self"})
        folder = self.running.folder
        for example in (REPOSITORY / "deploy" / "examples").iterdir():
            if not example.name.endswith("postrider.yaml"):
                shutil.copy(example, folder)
        (folder / "returned").mkdir()
        (folder / "returned" / "one.eml").write_bytes(RETURNED)
        (folder / "unwanted.csv").write_text("email\nnobody@example.org\n")
        (folder / "gone.txt").write_text("gone.too@example.org\n")
        self.running.start_coordinator()
        self.running.start_worker("w1")
        self.running.start_worker("w3")
        self.running.command("sample-contacts", "--count", PEOPLE, "--out", "voters.csv")
        self.running.command("contacts", "import", "voters.csv", "--list", "voters")
        self.running.import_contacts([{"email": "ann@example.org", "first_name": "Ann"}], name="ann", list_name="ann")
        self.running.import_contacts([{"email": "gone@example.org", "first_name": "Gus"}], name="gone", list_name="gone")
        # The same campaign, at a pace at which it stays running.
        text = (folder / "first-caucus.yaml").read_text()
        (folder / "slow.yaml").write_text(text.replace("first-caucus", "slow") + 'throttles: ["1/s"]\n')
        self.finished = self.campaign("finished")

    def campaign(self, state):
        """A new campaign in a state."""
        cluster = self.running
        identity = cluster.json("campaign", "submit", "first-caucus.yaml" if state == "finished" else "slow.yaml")["id"]
        if state != "submitted":
            cluster.command("campaign", "approve", identity, role="approver")
        if state == "paused":
            cluster.command("campaign", "pause", identity)
        if state == "finished":
            cluster.wait_finished(identity)
        return identity

    def run_example(self, name, line):
        if re.search(r"\bc1\b", line):
            identity = self.campaign(STATES[name]) if name in STATES else self.finished
            line = re.sub(r"\bc1\b", identity, line)
        folder = self.running.folder
        environment = {**self.running.environment, "PATH": f"{programs()}:{os.environ['PATH']}"}
        if name.split()[0] in ENDLESS:
            return self.run_endless(name, line, environment)
        result = subprocess.run(
            ["bash", "-c", line], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=COMMAND_SECONDS,
        )
        self.assertEqual(result.returncode, 0, f"{line}\n{result.stdout}")

    def run_endless(self, name, line, environment):
        folder = self.running.folder
        if name == "up":
            # A cluster of its own, that nobody has started.
            folder = self.cluster(self.port, name="another").folder
        process = Process(name, ["bash", "-c", f"exec {line}"], folder, environment)
        self.addCleanup(process.kill)
        wait_until(f"{line} says something", lambda: process.text() or not process.is_running)
        if name == "up":
            process.wait_for_line("all is ready", lambda one: one.get("event") == "ready" and one.get("workers"))
        if process.is_running:
            process.send(signal.SIGINT)
        self.assertEqual(process.wait(), 0, f"{line}\n{process.text()}")


if __name__ == "__main__":
    unittest.main()
