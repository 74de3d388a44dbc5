"""A limit on one site holds at the relay, whatever becomes of the coordinator, and nobody else waits for it.

Judged by a relay that others wrote (aiosmtpd) and that writes down when each final dot came.
"""

import importlib.util
import signal
import sys
import time
import unittest
from collections import deque
from pathlib import Path

from harness import EndToEndTest, wait_until

RECORDER = Path(__file__).with_name("recording_relay.py")

# What the settings say: 50/s, so a bucket of 50.
QUANTITY = 50
BURST = 50
# At most this many in any window of one second; see the rule of throttles in ARCHITECTURE.md.
WINDOW_MAX = QUANTITY + BURST
# Of what the limit allows.
USED_SHARE_MIN = 0.85

LIMITED = 600
OTHERS = 3_000
WORKERS = 3
DOWN_SECONDS = 1
RUN_SECONDS = 120


def fullest_window(times, seconds=1.0):
    """The most arrivals in any half-open window of this length: a fullest one begins with an arrival."""
    window, most = deque(), 0
    for at in sorted(times):
        while window and at - window[0] >= seconds:
            window.popleft()
        window.append(at)
        most = max(most, len(window))
    return most


class WindowTest(unittest.TestCase):
    def test_counts_the_fullest_window(self):
        self.assertEqual(fullest_window([0.0, 0.5, 0.999, 1.0, 1.4]), 4)
        self.assertEqual(fullest_window([]), 0)


@unittest.skipUnless(importlib.util.find_spec("aiosmtpd"), "aiosmtpd is missing; scripts/test-peers fetches it")
class LimitTest(EndToEndTest):
    def test_holds_when_the_coordinator_is_killed(self):
        self.check_limit(signal.SIGKILL)

    def test_holds_when_the_coordinator_is_stopped_in_order(self):
        self.check_limit(signal.SIGTERM)

    def check_limit(self, number):
        cluster = self.start_everything()
        people = [{"email": f"p{i}@slow.example", "first_name": f"P{i}"} for i in range(LIMITED)]
        people += [{"email": f"q{i}@site{i % 2}.example", "first_name": f"Q{i}"} for i in range(OTHERS)]
        cluster.import_contacts(people)
        campaign = cluster.submit()

        wait_until("a third of the limited site's messages came", lambda: len(self.arrivals()[0]) >= LIMITED // 3)
        down_at = time.monotonic()
        cluster.coordinator.send(number)
        cluster.coordinator.wait()
        # How long it is away is part of the case.
        time.sleep(DOWN_SECONDS)
        cluster.start_coordinator()
        wait_until("all workers are back", lambda: self.connected(cluster) == WORKERS)
        back_at = time.monotonic()
        status = cluster.wait_finished(campaign, RUN_SECONDS)

        self.check_counts(status)
        self.assertEqual(status["counts"]["accepted"], LIMITED + OTHERS, status)
        limited, others = self.arrivals()
        self.assertEqual((len(limited), len(others)), (LIMITED, OTHERS))

        most = fullest_window(limited)
        share = self.used_share(limited, down_at, back_at)
        left = sum(1 for at in limited if at > others[-1])
        print(
            f"\n  fullest second: {most} of {WINDOW_MAX}; used {share:.1%} of the limit; {left} of {LIMITED} were"
            f" still to come when all others had theirs; coordinator away {back_at - down_at:.1f} s",
            flush=True,
        )
        self.assertLessEqual(most, WINDOW_MAX)
        self.assertGreaterEqual(share, USED_SHARE_MIN)
        self.assertGreaterEqual(left, LIMITED // 10, "the others waited for the limited site")

    def used_share(self, times, down_at, back_at):
        """What was sent while the coordinator was there, of what the limit lets through in that time.

        Neither counts the burst at the beginning, nor the one that gathered while the coordinator was away.
        """
        sent = sum(1 for at in times if at <= down_at or at > back_at) - 2 * BURST
        return sent / (QUANTITY * (down_at - times[0] + times[-1] - back_at))

    def start_everything(self):
        self.times = self.folder / "times"
        self.times.touch()
        relay = self.start("relay", [sys.executable, RECORDER, self.times])
        port = relay.wait_for_line("the relay listens", lambda line: "listening" in line)["listening"]
        sites = {"default": {"connections": 200}, "slow.example": {"throttles": [f"{QUANTITY}/s"], "connections": 30}}
        cluster = self.cluster(port, settings={"sites": sites})
        cluster.start_coordinator()
        for index in range(WORKERS):
            cluster.start_worker(f"w{index + 1}")
        return cluster

    def connected(self, cluster):
        return sum(1 for worker in cluster.worker_states() if worker["state"] == "connected")

    def arrivals(self):
        """When the limited site's messages came, and when all others, in order."""
        # The last line may be half written.
        lines = self.times.read_text().rpartition("\n")[0].split("\n")
        found = [line.split(" ") for line in lines if line]
        limited = [float(at) for at, address in found if address.endswith("@slow.example")]
        others = [float(at) for at, address in found if not address.endswith("@slow.example")]
        return sorted(limited), sorted(others)


if __name__ == "__main__":
    unittest.main()
