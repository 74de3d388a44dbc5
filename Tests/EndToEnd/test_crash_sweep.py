"""A small crash sweep: each named point of the failure matrix once, and some kills at random moments. `make crash-sweep` is the whole."""

import os
import sys
import unittest

from harness import REPOSITORY, EndToEndTest

SWEEP = REPOSITORY / "Tests" / "CrashSweep" / "sweep.py"
# Those that take long, a hung and a sleeping worker, have tests of their own (test_hung.py).
POINTS = "c01 c02 c03 c04 c05 c06 c07 w01 w02 w03 w04 w05 w06 w07 w10"
OPTIONS = {"POINTS": POINTS, "RUNS": "1", "KILLS": "6", "CONTACTS": "2000", "RATE": "800"}
SECONDS = 540


class CrashSweepTest(EndToEndTest):
    def test_nobody_is_lost_or_written_to_twice(self):
        sweep = self.start("sweep", [sys.executable, "-u", SWEEP], {**os.environ, **OPTIONS})
        # Ends its own processes when it is asked to end.
        self.addCleanup(sweep.stop)
        code = sweep.wait(SECONDS)
        print(f"\n{sweep.text()}", flush=True)
        self.assertEqual(code, 0, sweep.last_words())


if __name__ == "__main__":
    unittest.main()
