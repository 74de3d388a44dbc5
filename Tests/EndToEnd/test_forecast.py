"""What `campaign plan` predicts is near what happens, with real processes: of five runs three within 15 %.

Takes minutes, so that it runs only when it is asked for: POSTRIDER_FORECASTS=1, or `make forecasts`.
"""

import os
import unittest
from datetime import datetime

from harness import EndToEndTest, free_ports, programs

RUNS = 5
NEAR_RUNS = 3
NEAR = 0.15


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


@unittest.skipUnless(os.environ.get("POSTRIDER_FORECASTS") == "1", "takes minutes; make forecasts runs it")
class ForecastTest(EndToEndTest):
    def test_a_site_limit(self):
        self.check(400, "site site0.example: 25/s", settings={"sites": {"site0.example": {"throttles": ["25/s"]}}})

    def test_a_relay_limit(self):
        self.check(500, "relay main: 50/s", relay_keys={"throttles": ["50/s"]})

    def test_a_slow_relay(self):
        self.check(150, "the workers'", scenario='rules: [{match: "*", at: message, slow: 900ms}]\n')

    def check(self, people, tightest, *, settings=None, relay_keys=None, scenario=None):
        port = free_ports(1)[0]
        words = [programs() / "postrider", "sink", "--listen", f"127.0.0.1:{port}"]
        if scenario:
            (self.folder / "scenario.yaml").write_text(scenario)
            words += ["--scenario", self.folder / "scenario.yaml"]
        self.start("sink", words)
        cluster = self.cluster(port, settings=settings, relay_keys=relay_keys)
        cluster.start_up(2)
        cluster.import_contacts({"email": f"p{i}@site{i % 2}.example", "first_name": "P"} for i in range(people))
        cluster.import_contacts([{"email": f"p{i}@site1.example", "first_name": "P"} for i in range(1, 41, 2)],
                                name="few", list_name="few")
        # Workers measure the relay.
        cluster.wait_finished(cluster.submit("first", audience={"list": "few"}))
        near, found = 0, []
        for run in range(RUNS):
            plan = cluster.json("campaign", "plan", cluster.write_campaign(f"run{run}"))
            status = cluster.wait_finished(cluster.submit(f"run{run}"))
            took = moment(status["finished_at"]) - moment(status["started_at"])
            predicted = plan["finish"]["seconds"]
            found.append((predicted, round(took, 1), plan["finish"]["tightest"]))
            near += abs(predicted - took) <= NEAR * took
            self.assertTrue(plan["finish"]["tightest"].startswith(tightest), plan["finish"])
        print(f"\n{tightest}: predicted and real seconds: {found}")
        self.assertGreaterEqual(near, NEAR_RUNS, found)
