"""A campaign starts by itself, writes only to people whose clocks are inside its window, and then not twice to anybody in a week."""

import unittest
from datetime import datetime, timedelta, timezone

import aiosmtpd_relay
from harness import EndToEndTest

PEOPLE = 60
START_SECONDS = 3
SEND_SECONDS = 60


def zone_in_which_it_is(hour):
    """A zone whose clocks are in that hour of the day now."""
    offset = (hour - datetime.now(timezone.utc).hour) % 24
    offset = offset - 24 if offset > 13 else offset
    # The sign is that of POSIX: west is positive.
    return f"Etc/GMT{-offset:+d}"


class HoursTest(EndToEndTest):
    def test_starts_by_itself_and_waits_for_hours(self):
        relay = aiosmtpd_relay.Relay(answer=lambda address, tries: ("DATA", "250 2.0.0 taken"))
        self.addCleanup(relay.stop)
        cluster = self.cluster(relay.port)
        cluster.start_up(1)
        zones = {"noon": zone_in_which_it_is(12), "night": zone_in_which_it_is(1)}
        people = [
            {"email": f"{part}{number}@{part}.example", "first_name": part, "timezone": zone}
            for part, zone in zones.items()
            for number in range(PEOPLE)
        ]
        cluster.import_contacts(people)
        start = datetime.now(timezone.utc) + timedelta(seconds=START_SECONDS)
        schedule = {
            "start": start.strftime("%Y-%m-%dT%H:%M:%S"),
            "home_timezone": "UTC",
            "window": "06:00-20:00",
            "expires_after": "3d",
        }
        plan = cluster.json("campaign", "plan", cluster.write_campaign(schedule=schedule))
        self.assertEqual([(one["reason"], one["targets"]) for one in plan["waiting"]], [("outside_hours", PEOPLE)])
        self.assertEqual((plan["messages"], plan["finish"]["unsent"]), (2 * PEOPLE, 0))
        self.assertGreaterEqual(plan["finish"]["starts_at"], start.strftime("%Y-%m-%dT%H:%M:%S"))
        self.assertGreater(plan["finish"]["ends_at"], plan["waiting"][0]["until"])
        self.assertIn("the hours in which", plan["finish"]["tightest"])
        campaign = cluster.submit(schedule=schedule)
        waiting = cluster.status(campaign)
        self.assertEqual(waiting["state"], "approved")
        self.assertIn("starts by itself at", waiting["problem"])

        status = cluster.wait_status(
            campaign,
            "everybody at noon has the message",
            lambda status: status["counts"]["accepted"] == PEOPLE and "outside their hours" in (status["problem"] or ""),
            SEND_SECONDS,
        )
        self.assertEqual(status["counts"]["pending"], PEOPLE)
        self.assertGreaterEqual(status["started_at"], start.strftime("%Y-%m-%dT%H:%M:%S"))
        self.assertEqual({address.split("@")[1] for address in relay.accepted}, {"noon.example"})

        why = cluster.json("why", "night1@night.example", "--campaign", campaign)["campaigns"][0]
        self.assertRegex(why["text"], r"not sent yet: outside 06:00-20:00 in Etc/GMT\S+ \(their field timezone\); they begin at")
        plan = cluster.json("campaign", "plan", cluster.write_campaign("again", caps=["1/7d"]))
        self.assertEqual(plan["excluded"], [{"reason": "capped", "targets": PEOPLE}])
        self.assertEqual(plan["messages"], PEOPLE)
        again = cluster.submit("again", caps=["1/7d"])
        status = cluster.wait_finished(again, SEND_SECONDS)
        self.assertEqual((status["counts"]["suppressed"], status["counts"]["accepted"]), (PEOPLE, PEOPLE))
        reasons = {(row["site"], row["outcome"], row["reason"]) for row in cluster.targets(again)}
        self.assertEqual(
            {(site.split(".")[0], outcome, reason) for site, outcome, reason in reasons},
            {("noon", "suppressed", "capped"), ("night", "accepted", None)},
        )


if __name__ == "__main__":
    unittest.main()
