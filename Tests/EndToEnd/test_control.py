"""Pause, resume and cancel take effect at once, and a large campaign does not hold up a small one.

The relay's own record says when messages came; the limit of the relay keeps the campaigns running for long enough.
"""

import importlib.util
import sys
import time
import unittest
from pathlib import Path

from harness import EndToEndTest, wait_until

RECORDER = Path(__file__).with_name("recording_relay.py")
PAUSE_SECONDS = 2
RATE = 200
CONTACTS = 2_000
# What stays paused for so long is paused.
QUIET_SECONDS = 3
RUN_SECONDS = 180


@unittest.skipUnless(importlib.util.find_spec("aiosmtpd"), "aiosmtpd is missing; scripts/test-peers fetches it")
class ControlTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.times = self.folder / "times"
        self.times.touch()
        relay = self.start("relay", [sys.executable, RECORDER, self.times])
        port = relay.wait_for_line("the relay listens", lambda line: "listening" in line)["listening"]
        self.running = self.cluster(port, relay_keys={"throttles": [f"{RATE}/s"]})
        self.running.start_up(workers=2)

    def import_people(self, count, list_name, domain="site{}.example"):
        self.running.import_contacts(
            ({"email": f"{list_name}{i}@{domain.format(i % 5)}", "first_name": f"P{i}"} for i in range(count)),
            name=list_name,
            list_name=list_name,
        )

    def arrivals(self, prefix=""):
        """When messages came to addresses with this prefix, in order."""
        lines = self.times.read_text().rpartition("\n")[0].split("\n")
        found = [line.split(" ") for line in lines if line]
        return sorted(float(at) for at, address in found if address.startswith(prefix))

    def wait_for_messages(self, count, prefix=""):
        wait_until(f"{count} messages came", lambda: len(self.arrivals(prefix)) >= count, RUN_SECONDS)

    def test_pause_stops_within_two_seconds_and_resume_finishes(self):
        self.import_people(CONTACTS, "all")
        campaign = self.running.submit(audience={"list": "all"})
        self.wait_for_messages(CONTACTS // 4)
        status = self.running.json("campaign", "pause", campaign)
        paused_at = time.monotonic()
        self.assertEqual(status["state"], "paused")
        time.sleep(PAUSE_SECONDS + QUIET_SECONDS)

        arrived = self.arrivals()
        late = [at - paused_at for at in arrived if at > paused_at + PAUSE_SECONDS]
        print(f"\n  the last message came {arrived[-1] - paused_at:+.2f} s after the answer to pause", flush=True)
        self.assertEqual(late, [])
        status = self.running.status(campaign)
        self.check_counts(status)
        self.assertEqual(status["state"], "paused")
        self.assertEqual(status["counts"]["leased"], 0, status)
        self.assertEqual(status["counts"]["accepted"], len(arrived), status)
        self.assertGreater(status["counts"]["pending"], 0, "there was nothing left to pause")

        status = self.running.json("campaign", "resume", campaign)
        self.assertEqual(status["state"], "running")
        status = self.running.wait_finished(campaign, RUN_SECONDS)
        self.check_counts(status)
        self.assertEqual(status["counts"]["accepted"], CONTACTS, status)
        self.assertEqual(len(self.arrivals()), CONTACTS)

    def test_cancel_stops_within_two_seconds_and_settles_the_rest(self):
        self.import_people(CONTACTS, "all")
        campaign = self.running.submit(audience={"list": "all"})
        self.wait_for_messages(CONTACTS // 4)
        status = self.running.json("campaign", "cancel", campaign)
        cancelled_at = time.monotonic()
        self.assertEqual(status["state"], "cancelled")
        status = self.running.wait_settled(campaign, 10)
        settled_at = time.monotonic()
        time.sleep(PAUSE_SECONDS)

        arrived = self.arrivals()
        print(
            f"\n  the last message came {arrived[-1] - cancelled_at:+.2f} s after the answer to cancel,"
            f" all was settled {settled_at - cancelled_at:+.2f} s after it",
            flush=True,
        )
        self.assertEqual([at - cancelled_at for at in arrived if at > cancelled_at + PAUSE_SECONDS], [])
        status = self.running.status(campaign)
        self.check_counts(status)
        counts = status["counts"]
        self.assertEqual(status["audience"], CONTACTS)
        self.assertEqual(counts["accepted"], len(arrived), status)
        self.assertEqual(counts["cancelled"], CONTACTS - len(arrived), status)
        self.assertGreater(counts["cancelled"], 0)
        self.assertEqual(status["state"], "cancelled")
        cancelled = {target["address"] for target in self.running.targets(campaign, "cancelled")}
        self.assertEqual(len(cancelled), counts["cancelled"])

    def test_a_small_campaign_gets_its_share_beside_a_large_one(self):
        large_count, small_count = 6 * RATE * 5, 2 * RATE
        self.import_people(large_count, "large")
        self.import_people(small_count, "small")
        large = self.running.submit(name="large", audience={"list": "large"})
        self.wait_for_messages(2 * RATE, "large")
        small = self.running.submit(name="small", audience={"list": "small"})
        started_at = time.monotonic()
        # With half of the relay's limit it takes twice as long as alone.
        status = self.running.wait_finished(small, RUN_SECONDS)
        self.check_counts(status)
        self.assertEqual(status["counts"]["accepted"], small_count, status)
        beside = self.running.status(large)
        self.assertEqual(beside["state"], "running", "the large campaign was over too early to compare")
        self.running.command("campaign", "cancel", large)

        arrived = self.arrivals("small")
        first, last = arrived[0], arrived[-1]
        others = sum(1 for at in self.arrivals("large") if first <= at <= last)
        share = small_count / (small_count + others)
        print(
            f"\n  first message {first - started_at:+.2f} s after approval, {small_count} in {last - first:.1f} s"
            f" beside {others} of the large one: a share of {share:.0%}",
            flush=True,
        )
        self.assertLess(first - started_at, 2)
        self.assertGreater(share, 0.4)
        self.assertLess(share, 0.6, "the large campaign was held up")


if __name__ == "__main__":
    unittest.main()
