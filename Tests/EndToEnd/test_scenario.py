"""A relay that refuses some and defers some: every target ends as the relay said, and never is accepted twice."""

import hashlib
import re
import unittest
from collections import Counter

import aiosmtpd_relay
from harness import SMALL, EndToEndTest, wait_until

PEOPLE = 400 if SMALL else 2_000
RETRY_SECONDS = 1.0
SEND_SECONDS = 180

GONE = "550 5.1.1 No such mailbox"
UNWANTED = "550 5.7.1 Your messages are not wanted here"
BUSY = "451 4.2.1 Mailbox busy, try again"
TAKEN = "250 2.0.0 taken"


def fate_of(address):
    """By a stable hash of the address: 20 % work at the second try, 5 % do not exist, 1 % refuse us."""
    number = int.from_bytes(hashlib.sha256(address.encode()).digest()[:4], "big") % 100
    return "deferred" if number < 20 else "mailbox" if number < 25 else "policy" if number < 26 else "accepted"


def answer(address, tries):
    fate = fate_of(address)
    # Half of the refusals come for the recipient, half for the whole message.
    verb = "RCPT" if hashlib.sha256(address.encode()).digest()[4] % 2 else "DATA"
    if fate == "mailbox":
        return verb, GONE
    if fate == "policy":
        return verb, UNWANTED
    if fate == "deferred" and tries == 0:
        return verb, BUSY
    return "DATA", TAKEN


class ScenarioTests(EndToEndTest):
    def test_every_target_ends_as_the_relay_said(self):
        relay = aiosmtpd_relay.Relay(answer=answer)
        self.addCleanup(relay.stop)
        addresses = [f"person{number}@site{number % 25}.example" for number in range(PEOPLE)]
        fates = Counter(map(fate_of, addresses))
        self.assertEqual(len(fates), 4, "the sample is too small")
        # Without jitter, so that "no earlier" has an exact meaning.
        retries = {"delays": ["1s", "2s"], "jitter": 0}
        cluster = self.cluster(relay.port, relay_keys={"retries": retries})
        cluster.start_up(2)
        cluster.import_contacts({"email": address, "first_name": "Zoë"} for address in addresses)
        campaign = cluster.submit()
        status = cluster.wait_finished(campaign, SEND_SECONDS)
        targets = {row["address"]: row for row in cluster.targets(campaign)}
        attempts = list(relay.attempts)

        with self.subTest("the counts are those of the fates"):
            self.check_counts(status)
            self.assertEqual(status["audience"], PEOPLE)
            self.assertEqual(status["counts"]["accepted"], fates["accepted"] + fates["deferred"])
            self.assertEqual(status["counts"]["bounced"], fates["mailbox"] + fates["policy"])
            self.assertEqual(status["sent_twice"], 0)

        seen = {}
        for attempt in attempts:
            seen.setdefault(attempt.address, []).append(attempt)
        with self.subTest("nobody was accepted twice, and nobody was forgotten"):
            self.assertEqual(set(seen), set(addresses))
            self.assertEqual(max(Counter(relay.accepted).values()), 1)

        with self.subTest("the ledger and the relay's own record agree, address by address"):
            self.assertEqual(set(targets), set(addresses))
            wrong = [
                (told, wanted)
                for address in addresses
                if (told := self.told(targets[address])) != (wanted := self.wanted(address, seen.get(address, [])))
            ]
            self.assertEqual(wrong[:3], [], f"{len(wrong)} of {PEOPLE} differ")

        waits = [tries[1].at - tries[0].at for address, tries in seen.items() if len(tries) > 1]
        with self.subTest("what was deferred was tried again, no earlier than a second after"):
            self.assertEqual(len(waits), fates["deferred"])
            # The ledger counts in whole milliseconds.
            self.assertGreaterEqual(min(waits), RETRY_SECONDS - 0.001)

        with self.subTest("messages are 7-bit, and their lines end in CRLF alone"):
            messages = [attempt.content for attempt in attempts if attempt.content is not None]
            self.assertGreaterEqual(len(messages), fates["accepted"])
            loose = re.compile(rb"\r(?!\n)|(?<!\r)\n|[\x80-\xff\x00]")
            self.assertEqual([content for content in messages if loose.search(content)][:1], [])
        with self.subTest("an attempt that is repeated has the same Message-ID"):
            self.check_message_ids(seen)
        with self.subTest("who refused us by policy may be written to again"):
            self.check_policy_is_no_suppression(cluster, relay, [one for one in addresses if fate_of(one) == "policy"])
        cluster.stop()
        print(f"  {dict(fates)}, {len(attempts)} tries, retried after {min(waits):.2f} to {max(waits):.2f} s", flush=True)

    def told(self, row):
        """What the ledger says."""
        reply = row["reply"] or {}
        words = [str(reply.get("code")), reply.get("status"), reply.get("text")]
        return row["address"], row["outcome"], row["reason"], row["attempts"], " ".join(word for word in words if word)

    def wanted(self, address, tries):
        """What it must say, by what the relay saw."""
        outcome, reason = {"mailbox": ("bounced", "mailbox"), "policy": ("bounced", "policy")}.get(
            fate_of(address), ("accepted", None)
        )
        return address, outcome, reason, len(tries), tries[-1].reply if tries else ""

    def check_message_ids(self, seen):
        identities = {}
        for address, tries in seen.items():
            found = {
                re.search(rb"^Message-ID: (.*)\r$", one.content, re.MULTILINE)[1] for one in tries if one.content
            }
            if found:
                self.assertEqual(len(found), 1, address)
                identities[address] = found.pop()
        self.assertEqual(len(set(identities.values())), len(identities))
        self.assertTrue(any(sum(one.content is not None for one in tries) > 1 for tries in seen.values()))

    def check_policy_is_no_suppression(self, cluster, relay, refused):
        before = {address: relay.tries[address] for address in refused}
        relay.answer = lambda address, tries: ("DATA", TAKEN)
        cluster.import_contacts([{"email": address} for address in refused], name="refused", list_name="refused")
        again = cluster.submit(name="again", audience={"list": "refused"})
        status = cluster.wait_finished(again, SEND_SECONDS)
        self.assertEqual(status["counts"]["accepted"], len(refused), status)
        wait_until("the relay saw them", lambda: all(relay.tries[one] == before[one] + 1 for one in refused), 5)


if __name__ == "__main__":
    unittest.main()
