"""A relay that takes the message and goes away without an answer: exactly those messages are in doubt, and held they stay so."""

import collections
import os
import re
import time
import unittest

from harness import EndToEndTest, free_ports, peer, wait_until

CONTACTS = 800
RATE = 100
# A relay that answers nothing is tried less and less often, so few are affected.
AFFECTED = 5
# Longer than a retry would take.
QUIET_SECONDS = 3
RUN_SECONDS = 120


class DoubtTest(EndToEndTest):
    def start_sink(self, port, dumps, *options):
        """smtp-sink of Postfix, which keeps what it takes in the folder `dumps`."""
        dumps.mkdir(exist_ok=True)
        words = [peer("smtp-sink"), "-4", *options, "-d", f"{dumps}/mail.", "-m", "512"]
        if os.geteuid() == 0:
            # As root it wants to become somebody else, who must be able to write here.
            self.folder.chmod(0o711)
            dumps.chmod(0o777)
            words += ["-u", "nobody"]
        process = self.start(f"sink-{dumps.name}", [*words, f"127.0.0.1:{port}", "512"])

        def listens():
            self.assertTrue(process.is_running, process.last_words())
            with open("/proc/net/tcp") as table:
                return f"0100007F:{port:04X} 00000000:0000 0A" in table.read()

        wait_until("smtp-sink listens", listens)
        return process

    def seen(self, dumps):
        """How often each address reached the sink as a whole message."""
        found = collections.Counter()
        for path in dumps.iterdir():
            text = path.read_text(errors="replace")
            # The whole of it: a file is there from the first line on.
            if "\nhello." in text:
                found.update(re.findall(r"^X-Rcpt-Args: .*?<([^>]*)>", text, re.MULTILINE))
        return found

    def test_messages_without_an_answer_are_in_doubt_and_nothing_else_is(self):
        answered, dropped = self.folder / "answered", self.folder / "dropped"
        port = free_ports(1)[0]
        sink = self.start_sink(port, answered)
        # Slow enough to be paused on the way.
        cluster = self.cluster(port, relay_keys={"throttles": [f"{RATE}/s"], "retries": {"delays": ["1s"]}})
        cluster.start_up(workers=2)
        everyone = {f"p{i}@site{i % 5}.example" for i in range(CONTACTS)}
        cluster.import_contacts({"email": address, "first_name": "P"} for address in sorted(everyone))
        campaign = cluster.submit(on_doubt="hold")
        wait_until("messages come", lambda: len(self.seen(answered)) > CONTACTS // 4, RUN_SECONDS)

        # Nothing is on its way while the relay changes, so that nothing else can be in doubt.
        self.pause(cluster, campaign)
        sink.kill()
        # It closes the connection after the final dot, without a reply.
        sink = self.start_sink(port, dropped, "-q", ".")
        cluster.command("campaign", "resume", campaign)
        cluster.wait_status(campaign, "in doubt", lambda status: status["counts"]["in_doubt"] >= AFFECTED, RUN_SECONDS)
        self.pause(cluster, campaign)
        sink.kill()
        self.start_sink(port, answered)
        cluster.command("campaign", "resume", campaign)
        cluster.wait_finished(campaign, RUN_SECONDS)
        time.sleep(QUIET_SECONDS)

        status, rows = cluster.status(campaign), cluster.targets(campaign)
        affected = set(self.seen(dropped))
        print(f"\n  {len(affected)} of {CONTACTS} had no answer to their final dot", flush=True)
        self.check_counts(status)
        self.assertEqual((status["audience"], status["state"], status["sent_twice"]), (CONTACTS, "finished", 0))
        self.assertGreaterEqual(len(affected), AFFECTED)
        doubtful = [row for row in rows if row["outcome"] == "in_doubt"]
        self.assertEqual({row["address"] for row in doubtful}, affected)
        self.assertEqual({(row["reason"], row["attempts"]) for row in doubtful}, {("no_reply", 1)})
        accepted = {row["address"] for row in rows if row["outcome"] == "accepted"}
        self.assertEqual(accepted, everyone - affected)
        # Once each, over both of them: what is in doubt was not tried again.
        self.assertEqual(self.seen(answered) + self.seen(dropped), {address: 1 for address in everyone})

    def pause(self, cluster, campaign):
        cluster.command("campaign", "pause", campaign)
        cluster.wait_status(campaign, "paused", lambda status: status["counts"]["leased"] == 0, RUN_SECONDS)


if __name__ == "__main__":
    unittest.main()
