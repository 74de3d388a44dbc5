"""Erasing a person: then no file of the coordinator or a worker has the address or the number, and nothing is sent to it again.

POSTRIDER_BIN is as in harness.py.
"""

import json
import random
import sys
import unittest
from pathlib import Path

from harness import CommandFailure, EndToEndTest

HERE = Path(__file__).resolve().parent
CONTACTS = 2_000
ERASED = 12


class EraseTest(EndToEndTest):
    def begin(self, **settings):
        self.seen = self.folder / "seen.jsonl"
        self.seen.touch()
        relay = self.start("relay", [sys.executable, HERE / "quoting_relay.py", self.seen])
        port = relay.wait_for_line("the relay listens", lambda line: "listening" in line)["listening"]
        cluster = self.cluster(port, settings=settings)
        cluster.start_up(workers=2)
        return cluster

    def sent_to(self):
        return [json.loads(line)["to"] for line in self.seen.read_text().splitlines()]

    def holders(self, cluster, texts):
        """Files below the cluster's folder in which one of some texts is, whatever its case; not what the test put there."""
        found = {}
        logs = [path for path in cluster.folder.glob("*.log")]
        for path in [*(cluster.folder / "data").rglob("*"), *logs]:
            if not path.is_file():
                continue
            content = path.read_bytes().lower()
            hits = [text for text in texts if text.lower().encode() in content]
            if hits:
                found[str(path.relative_to(cluster.folder))] = hits
        return found

    def test_nothing_is_left(self):
        cluster = self.begin()
        rng = random.Random(6)
        names = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(6, 14))) for _ in range(CONTACTS)]
        people = [
            {"email": f"{name.title()}{number}@{'Bad' if number % 10 == 0 else 'Good'}{number % 9}.Example",
             "phone": f"+1515{2000000 + number * 37}", "first_name": name.title()}
            for number, name in enumerate(names)
        ]
        cluster.import_contacts(people)
        # One of them with a row that is rejected, another changed by a second file.
        chosen = rng.sample(people, ERASED)
        (cluster.folder / "more.csv").write_text(
            "Email,Phone,First Name\n"
            + f"not an address,{chosen[0]['phone'][2:5]}-{chosen[0]['phone'][5:8]}-{chosen[0]['phone'][8:]} ext,X\n"
            + f"{chosen[1]['email']} or {chosen[0]['email']},,Y\n"
            + f"{chosen[2]['email']},+15155550199,Changed\n"
        )
        cluster.json("contacts", "import", "more.csv")
        id = cluster.submit("all")
        status = cluster.wait_finished(id)
        self.assertGreater(status["counts"]["bounced"], 150)
        replies = [json.loads(line) for line in
                   cluster.command("campaign", "targets", id, "--outcome", "bounced", "--json").splitlines()]
        # The relay quotes the address; what is kept does not.
        self.assertIn("(recipient)", replies[0]["reply"]["text"])
        self.assertNotIn("@", replies[0]["reply"]["text"])

        texts = []
        for person in chosen:
            digits = person["phone"][2:]
            texts += [person["email"], digits]
        self.assertTrue(self.holders(cluster, texts))
        before = len(self.sent_to())
        for index, person in enumerate(chosen):
            name = person["phone"] if index == 3 else person["email"].upper() if index == 4 else person["email"]
            answer = cluster.json("contacts", "erase", name)
            self.assertEqual((answer["contacts"], answer["messages"], answer["mentions"]), (1, 1, []))
            self.assertEqual(len(answer["hashes"]), 1)
            # At once, not at some later time; also while both services run.
            self.assertEqual(self.holders(cluster, [person["email"], person["phone"][2:]]), {})
        self.assertEqual(self.holders(cluster, texts + ["5155550199", "15155550199"]), {})
        cluster.command("contacts", "show", chosen[0]["email"], expect=1)

        # The ledger still counts everybody, and nobody is written to again after another import.
        self.assertEqual(cluster.status(id)["counts"], status["counts"])
        cluster.import_contacts(chosen, name="again")
        second = cluster.submit("second")
        counts = cluster.wait_finished(second)["counts"]
        self.assertEqual(counts["suppressed"], ERASED)
        after = {address.lower() for address in self.sent_to()[before:]}
        others = {one["email"].lower() for one in people if one not in chosen and "@Bad" not in one["email"]}
        self.assertEqual(after, others)

        # Erased again, with everybody who is on the disk; then the stopped folder.
        for person in chosen:
            cluster.json("contacts", "erase", person["email"])
        self.assertEqual(cluster.json("contacts", "erase", "nobody.knows@nowhere.example")["contacts"], 0)
        audit = [json.loads(line) for line in cluster.command("audit", "export", "--json").splitlines()]
        acts = [row for row in audit if row["act"] == "erase"]
        self.assertEqual(len(acts), 2 * ERASED + 1)
        self.assertNotIn("example", json.dumps(acts))
        cluster.command("audit", "verify")
        cluster.stop()
        self.assertEqual(self.holders(cluster, texts + ["nobody.knows@nowhere.example"]), {})

    def test_consent(self):
        cluster = self.begin(consent="gdpr")
        people = [{"email": f"p{number}@good.example", "first_name": "P"} for number in range(4)]
        (cluster.folder / "p.csv").write_text("email,first_name\n" + "".join(
            f"{one['email']},{one['first_name']}\n" for one in people))
        with self.assertRaises(CommandFailure) as refused:
            cluster.command("contacts", "import", "p.csv")
        self.assertEqual(refused.exception.code, 65)
        self.assertIn("--basis", refused.exception.errors)
        cluster.command("contacts", "import", "p.csv", "--basis", "public_record", expect=65)
        # A basis of article 6, but not one on which e-mails may be sent.
        cluster.json("contacts", "import", "p.csv", "--basis", "legitimate_interests", "--list", "everyone")
        first = cluster.wait_finished(cluster.submit("a"))
        self.assertEqual(first["counts"]["suppressed"], 4)
        self.assertEqual(self.sent_to(), [])
        (cluster.folder / "q.csv").write_text(f"email\n{people[1]['email']}\n")
        cluster.json("contacts", "import", "q.csv", "--basis", "consent", "--proof", "form 7", "--list", "news")
        second = cluster.wait_finished(cluster.submit("b"))
        self.assertEqual((second["counts"]["suppressed"], second["counts"]["accepted"]), (3, 1))
        self.assertEqual(self.sent_to(), [people[1]["email"]])

        # All of that is told to whoever asks.
        shown = cluster.json("contacts", "show", people[1]["email"])["contacts"][0]
        self.assertEqual(shown, cluster.json("contacts", "export", people[1]["email"])["contacts"][0])
        self.assertEqual(shown["consent"], {"email": ["consent", "legitimate_interests"]})
        self.assertEqual([one["proof"] for one in shown["sources"]], ["", "form 7"])
        self.assertEqual(shown["lists"], ["everyone", "news"])
        self.assertEqual([one["file"] for one in shown["imports"]], ["p.csv", "q.csv"])
        self.assertEqual([one["outcome"] for one in shown["messages"]], ["suppressed", "accepted"])
        self.assertEqual(shown["messages"][0]["reason"], "no_consent")
        self.assertEqual(shown["messages"][1]["attempts"][0]["reply"]["text"], "taken")
        cluster.command("suppress", "add", people[1]["email"], "--evidence", f"{people[1]['email']} rang")
        shown = cluster.json("contacts", "show", people[1]["email"])["contacts"][0]
        self.assertEqual([one["reason"] for one in shown["suppressions"]], ["asked"])
        self.assertNotIn("@", shown["suppressions"][0]["evidence"])
        self.assertIn("no_consent", cluster.command("contacts", "show", people[1]["email"]))


if __name__ == "__main__":
    unittest.main(verbosity=2)
