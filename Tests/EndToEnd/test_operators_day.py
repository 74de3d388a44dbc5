"""An operator's day with campaigns: segments, a plan, a preview, mistakes that are caught, a budget that holds."""

import csv
import io
import json
import re

from harness import CommandFailure, EndToEndTest, free_ports, programs

PEOPLE = 60


class OperatorsDayTest(EndToEndTest):
    def test_the_day(self):
        port = free_ports(1)[0]
        self.start("sink", [programs() / "postrider", "sink", "--listen", f"127.0.0.1:{port}"])
        cluster = self.cluster(
            port,
            relay_keys={"cost_per_message": 0.1, "throttles": ["10/s"]},
            settings={"test_addresses": ["Me@operator.example", "gone@operator.example"]},
        )
        cluster.start_up(1)
        cluster.import_contacts(
            {
                "email": f"p{number}@{'gmail.com' if number % 3 else 'site.example'}",
                "first_name": f"P{number}" if number % 10 else "",
                "city": "Ames" if number % 2 else "Boone",
            }
            for number in range(PEOPLE)
        )
        (cluster.folder / "footer.mustache").write_text("Bye, {{first_name}}.\n")
        with self.subTest("segments"):
            self.check_segments(cluster)
        with self.subTest("plan and preview"):
            self.check_plan(cluster)
        with self.subTest("mistakes"):
            self.check_mistakes(cluster)
        with self.subTest("budget, clone, report"):
            self.check_budget(cluster)

    def check_segments(self, cluster):
        cluster.command("segment", "define", "ames", "city = 'Ames' and list(everyone)")
        self.assertIn("ames", cluster.command("segment", "list"))
        self.assertIn(f"{PEOPLE // 2} people", cluster.command("segment", "show", "ames"))
        found = cluster.json("segment", "count", "segment(ames) or first_name is empty", "--by", "city")
        self.assertEqual(found["count"], sum(row["count"] for row in found["rows"]))
        self.assertEqual(found["rows"][0], {"key": "Ames", "count": PEOPLE // 2})

    def check_plan(self, cluster):
        file = cluster.write_campaign(
            "plan",
            audience={"segment": "ames"},
            missing_field="reject",
            variants=[{"name": "all", "subject": "Hi {{first_name}}", "text": "Look at www.example.org\n{{>footer}}"}],
            budget={"max_cost": 1.0},
        )
        plan = cluster.json("campaign", "plan", file)
        self.assertEqual((plan["audience"], plan["messages"]), (30, 10))
        self.assertEqual(plan["cost"], 1.0)
        self.assertEqual(plan["budget"]["covers"], False)
        self.assertEqual(sum(site["targets"] for site in plan["sites"]), 30)
        self.assertIn("10/s", plan["finish"]["tightest"])
        self.assertTrue(any("no scheme" in one["message"] for one in plan["diagnostics"]), plan["diagnostics"])
        self.assertIn("Tightest:", cluster.command("campaign", "plan", file))

        shown = cluster.json("campaign", "preview", file, "--contact", "P1@gmail.com")["messages"][0]
        self.assertEqual((shown["subject"], shown["excluded"]), ("Hi P1", None))
        self.assertTrue(shown["text"].endswith("Bye, P1.\n"), shown["text"])
        cluster.command("campaign", "preview", file, "--contact", "p1@gmail.com", "--out", "one.eml")
        self.assertIn("Subject: Hi P1", (cluster.folder / "one.eml").read_text())
        drawn = [cluster.json("campaign", "preview", file, "--sample", 3, "--seed", 7) for _ in range(2)]
        addresses = [[message["address"] for message in one["messages"]] for one in drawn]
        self.assertEqual(addresses[0], addresses[1])
        self.assertEqual(len(set(addresses[0])), 3)
        other = cluster.json("campaign", "preview", file, "--contact", "p2@gmail.com")["messages"][0]
        self.assertEqual(other["excluded"], "not in the audience")

        preview = ["campaign", "preview", file, "--contact", "p1@gmail.com", "--send-to"]
        test = cluster.json(*preview, "me@operator.example")["messages"][0]["test"]
        self.assertTrue(test["accepted"] and test["text"].startswith("250"), test)
        cluster.command("suppress", "add", "gone@operator.example")
        for address, code in [("p1@gmail.com", 77), ("gone@operator.example", 1)]:
            with self.assertRaises(CommandFailure) as caught:
                cluster.command(*preview, address)
            self.assertEqual(caught.exception.code, code, caught.exception)
        # Tests are in no ledger, but the audit has them.
        self.assertEqual(cluster.get("/v1/campaigns")["campaigns"], [])
        self.assertEqual(cluster.command("audit", "export", role="viewer").count('"send_test"'), 1)

    def check_mistakes(self, cluster):
        def fails(words, code, *texts, **options):
            with self.assertRaises(CommandFailure) as caught:
                cluster.command(*words, **options)
            self.assertEqual(caught.exception.code, code, caught.exception)
            for text in texts:
                self.assertIn(text, caught.exception.errors)

        def file(**keys):
            return cluster.write_campaign("wrong", **keys)

        def variant(**keys):
            return [{"name": "all", "subject": "s", **keys}]

        before = cluster.json("campaign", "status")
        for command in ("check", "plan", "submit"):
            # Place and remedy each time.
            fails(("campaign", command, file(variants=variant(text="Hi {{fist_name}}"))), 65, "wrong.yaml:", "first_name")
            fails(("campaign", command, file(audience="citty = 'Ames'")), 65, "wrong.yaml:", "city", "column 1")
            fails(("campaign", command, file(audience={"segment": "amess"})), 65, "wrong.yaml:", "ames")
            fails(("campaign", command, file(audiences="")), 65, "wrong.yaml:", "did you mean \"audience\"")
            fails(("campaign", command, file(weight=1_000)), 65, "wrong.yaml:", "1 to 100")
            fails(("campaign", command, file(budget={"max_messages": 0})), 65, "wrong.yaml:", "from 1")
            fails(("campaign", command, file(variants=variant(text="{{>fotter}}"))), 65, "fotter", "does not exist")
            (cluster.folder / "self.mustache").write_text("{{>self}}")
            fails(("campaign", command, file(variants=variant(text="{{>self}}"))), 65, "self.mustache:1", "include itself")
        fails(("segment", "define", "x", "nope = 1"), 65, "nope")
        fails(("segment", "count", "city = 'Ames"), 65, "no closing")
        fails(("segment", "count", "", "--by", "citty"), 65, "city")
        past = file(schedule={"start": "2020-01-01T09:00", "timezone": "UTC"})
        for command in ("check", "plan"):
            self.assertIn("days ago", cluster.json("campaign", command, past)["diagnostics"][0]["message"])
        identity = cluster.submit("mine", approve=False)
        shown = cluster.json("campaign", "show", identity)
        self.assertEqual(shown["digest"], cluster.status(identity)["digest"])
        self.assertIn(shown["digest"], cluster.command("campaign", "show", identity))
        with self.assertRaises(CommandFailure) as caught:
            cluster.command("campaign", "approve", identity, "--digest", "0" * 64, role="approver")
        self.assertIn("postrider campaign show", caught.exception.errors)
        fails(("campaign", "approve", identity), 77)
        cluster.command("campaign", "cancel", identity)
        after = cluster.json("campaign", "status")
        self.assertEqual(len(after["campaigns"]), len(before["campaigns"]) + 1)

    def check_budget(self, cluster):
        first = cluster.submit("budget", budget={"max_messages": 7, "max_cost": 0.5})
        status = cluster.wait_status(first, "paused", lambda status: status["state"] == "paused")
        self.check_counts(status)
        self.assertEqual(status["counts"]["accepted"], 5)
        self.assertIn("budget is used up (5 messages)", status["problem"])
        rest = re.findall("'postrider ([^']+)'", status["problem"])
        second = cluster.command("campaign", "clone", first).strip()
        self.assertNotEqual(first, second)
        self.assertEqual(cluster.status(second)["state"], "submitted")
        self.assertEqual(cluster.status(second)["digest"], cluster.status(first)["digest"])
        rows = list(csv.DictReader(io.StringIO(cluster.command("campaign", "report", first, "--by", "city", "--csv"))))
        self.assertEqual(sum(int(row["audience"]) for row in rows), PEOPLE)
        self.assertEqual(sum(int(row["accepted"]) for row in rows), 5)
        by_site = cluster.json("campaign", "report", first, "--by", "site")
        self.assertEqual({row["key"] for row in by_site["rows"]}, {"gmail.com", "site.example"})
        accepted = cluster.targets(first, "accepted")
        self.assertEqual(len(accepted), 5)
        self.assertEqual({row["relay"] for row in accepted}, {"main"})
        self.assertTrue(all(row["reply"]["code"] == 250 and row["at"] and row["variant"] == "all" for row in accepted))
        why = cluster.json("why", accepted[0]["address"], "--campaign", first)["campaigns"][0]
        self.assertEqual((why["verdict"], why["attempts"][0]["reply"]["code"]), ("accepted", 250))
        waiting = cluster.json("why", cluster.targets(first, "pending")[0]["address"], "--campaign", first)
        self.assertEqual(waiting["campaigns"][0]["text"], "not sent yet: the campaign is paused")
        self.assertIn("the campaign is not approved yet", cluster.command("why", accepted[0]["address"]))
        table = csv.DictReader(io.StringIO(cluster.command("campaign", "targets", first, "--csv", "--outcome", "accepted")))
        self.assertEqual(
            [(row["address"], row["relay"], row["reply_code"]) for row in table],
            [(row["address"], "main", "250") for row in accepted],
        )
        # What received() asks is what targets say.
        self.assertEqual(cluster.json("segment", "count", "received(budget)")["count"], 5)
        self.check_rest(cluster, first, rest)

    def check_rest(self, cluster, first, commands):
        """Does what the status said: those who are left get the message, and nobody gets it twice."""
        self.assertEqual(len(commands), 2, commands)
        with self.assertRaises(CommandFailure) as caught:
            cluster.command("campaign", "clone", first, "--unsent")
        self.assertIn("cancel it first", caught.exception.errors)
        cluster.command(*commands[0].split())
        cluster.wait_settled(first)
        self.assertEqual(commands[1].split()[-2:], ["--budget", "N"])
        third = cluster.command(*commands[1].split()[:-1], PEOPLE).strip()
        cluster.command("campaign", "approve", third, role="approver")
        status = cluster.wait_finished(third)
        self.assertEqual((status["audience"], status["counts"]["accepted"]), (PEOPLE - 5, PEOPLE - 5))
        got = [row["address"] for one in (first, third) for row in cluster.targets(one, "accepted")]
        self.assertEqual((len(got), len(set(got))), (PEOPLE, PEOPLE))
