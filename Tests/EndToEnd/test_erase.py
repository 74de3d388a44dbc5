"""Erasing a person: then no file of the coordinator or a worker has the address or the number, and nothing is sent to it again.

Also when the coordinator dies in the middle of it. And what was kept long enough is forgotten without anybody's asking.

POSTRIDER_BIN is as in harness.py.
"""

import json
import random
import sqlite3
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

import harness
from harness import CommandFailure, EndToEndTest, wait_until

HERE = Path(__file__).resolve().parent
CONTACTS = 2_000
ERASED = 12
# Deaths at random moments of an erasure.
KILLS = 4 if harness.SMALL else 8
DAY = 86_400_000


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
            # Some in a spelling of which the mailbox is known, which an index has.
            {"email": f"{name.title()}.{number}+news@Gmail.com" if number % 10 == 3
             else f"{name.title()}{number}@{'Bad' if number % 10 == 0 else 'Good'}{number % 9}.Example",
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
            + "".join(f"{one['email']} and {one['phone']},,Z\n" for one in chosen[ERASED // 2:])
        )
        cluster.json("contacts", "import", "more.csv")
        # And one who had three addresses, two of them from one file.
        mover = chosen[5]
        old = ["moved.before@old.example", "moved.again@older.example"]
        for number, addresses in enumerate([[mover["email"]], old, [mover["email"]]]):
            (cluster.folder / f"moves{number}.csv").write_text(
                "external_id,Email\n" + "".join(f"4711,{one}\n" for one in addresses))
            cluster.json("contacts", "import", f"moves{number}.csv")
        shown = cluster.json("contacts", "show", old[0])["contacts"][0]
        self.assertEqual(shown["fields"]["email"].lower(), mover["email"].lower())
        self.assertEqual({(one["kind"], one["value"]) for one in shown["known_by"]}, {("email", one) for one in old})
        self.assertIn(f"email {old[1]}", cluster.command("contacts", "show", mover["email"]))
        self.assertEqual(cluster.json("why", old[1])["address"].lower(), mover["email"].lower())
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
            if "+news" in person["email"]:
                texts.append(person["email"].replace(".", "", 1).replace("+news", ""))
        self.assertIn("gmail", "".join(texts).lower())
        # And one whose number operators wrote down in their own ways.
        digits = chosen[3]["phone"][2:]
        dashed = f"{digits[:3]}-{digits[3:6]}-{digits[6:]}"
        cluster.command("suppress", "add", chosen[3]["email"], "--evidence", f"letter, tel {digits} or {dashed}")
        cluster.command("suppress", "add", dashed, "--channel", "sms", "--evidence", f"{dashed} said stop")
        cluster.command("suppress", "remove", chosen[3]["email"], "--reason", f"+1 {dashed} called",
                        "--token-file", "tokens/approver.token")
        texts.append(dashed)
        texts += old
        self.assertTrue(self.holders(cluster, texts))
        before = len(self.sent_to())
        for index, person in enumerate(chosen[:ERASED // 2]):
            name = person["phone"] if index == 3 else person["email"].upper() if index == 4 else person["email"]
            name = old[0] if index == 5 else name
            answer = cluster.json("contacts", "erase", name)
            self.assertEqual((answer["contacts"], answer["messages"], answer["mentions"]), (1, 1, []))
            self.assertEqual(len(answer["hashes"]), 3 if index == 5 else 1)
            # At once, not at some later time; also while both services run.
            self.assertEqual(self.holders(cluster, [person["email"], person["phone"][2:]]), {})
        # The others together, which share the search, and do not undo each other's work in the files of rejects.
        gone = self.folder / "gone.txt"
        gone.write_text("".join(f"{one['email']}\n\n" for one in chosen[ERASED // 2:-1]) + "nobody@good.example\n")
        lines = [json.loads(line) for line in cluster.command(
            "contacts", "erase", chosen[-1]["email"], "--file", gone, "--json").splitlines()]
        self.assertEqual([line["address"] for line in lines],
                         [one["email"] for one in [chosen[-1], *chosen[ERASED // 2:-1]]] + ["nobody@good.example"])
        self.assertEqual([line["contacts"] for line in lines], [1] * (ERASED // 2) + [0])
        self.assertEqual([line["rejected_rows"] for line in lines], [1] * (ERASED // 2) + [0])
        self.assertEqual(self.holders(cluster, texts + ["5155550199", "15155550199"]), {})
        cluster.command("contacts", "show", chosen[0]["email"], expect=1)

        # The ledger still counts everybody, and nobody is written to again after another import.
        self.assertEqual(cluster.status(id)["counts"], status["counts"])
        cluster.import_contacts(chosen, name="again")
        second = cluster.submit("second")
        counts = cluster.wait_finished(second)["counts"]
        # And those whose mailbox, as the relay said, does not exist.
        unwanted = [one for one in people if one in chosen or "@Bad" in one["email"]]
        self.assertEqual(counts["suppressed"], len(unwanted))
        after = {address.lower() for address in self.sent_to()[before:]}
        others = {one["email"].lower() for one in people if one not in chosen and "@Bad" not in one["email"]}
        self.assertEqual(after, others)

        # Erased again, with everybody who is on the disk; then the stopped folder.
        cluster.command("contacts", "erase", *(person["email"] for person in chosen))
        cluster.command("contacts", "erase", "no address", chosen[0]["email"], expect=1)
        self.assertEqual(cluster.json("contacts", "erase", "nobody.knows@nowhere.example")["contacts"], 0)
        audit = [json.loads(line) for line in cluster.command("audit", "export", "--json").splitlines()]
        acts = [row for row in audit if row["act"] == "erase"]
        self.assertEqual(len(acts), 2 * ERASED + 3)
        self.assertNotIn("example", json.dumps(acts))
        self.assertNotIn("gmail", json.dumps(acts))
        cluster.command("audit", "verify")
        cluster.stop()
        self.assertEqual(self.holders(cluster, texts + ["nobody.knows@nowhere.example"]), {})

    def left(self, cluster, people):
        """Files below the cluster's folder, other than what the test put there, with anything of these people."""
        texts = [text for one in people for text in (one["email"], one["phone"][2:])]
        found = {}
        for path in cluster.folder.rglob("*"):
            if not path.is_file() or (path.parent == cluster.folder and path.suffix in (".csv", ".yaml")):
                continue
            content = path.read_bytes().lower()
            hits = [text for text in texts if text.lower().encode() in content]
            if hits:
                found[str(path.relative_to(cluster.folder))] = hits
        return found

    def test_killed_while_erasing(self):
        """Whenever the coordinator dies, nothing is left once it is back and has cleared, or the same is asked again."""
        seen = self.folder / "seen.jsonl"
        seen.touch()
        relay = self.start("relay", [sys.executable, HERE / "quoting_relay.py", seen])
        port = relay.wait_for_line("the relay listens", lambda line: "listening" in line)["listening"]
        temporary = self.folder / "cluster" / "tmp"
        cluster = self.cluster(port, environment={"TMPDIR": str(temporary), "SQLITE_TMPDIR": str(temporary)})
        temporary.mkdir()
        cluster.start_coordinator()
        cluster.start_worker("w1")
        rng = random.Random(17)
        names = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=12)) for _ in range(CONTACTS)]
        people = [{"email": f"{name}@Good{number % 9}.Example", "phone": f"+1515{3000000 + number * 41}",
                   "first_name": name.title()} for number, name in enumerate(names)]
        cluster.import_contacts(people)
        chosen = rng.sample(people, 1 + KILLS)
        rows = "".join(f"{one['email']} and {one['phone']},,X\n" for one in chosen)
        (cluster.folder / "more.csv").write_text("Email,Phone,First Name\n" + rows
                                                 + "".join(f"{one['email']},,Other\n" for one in chosen))
        cluster.json("contacts", "import", "more.csv")
        cluster.wait_finished(cluster.submit("all"))
        for one in chosen:
            cluster.json("contacts", "show", one["email"])
        # What a process that died leaves half made, and nobody would look through.
        leftover = cluster.folder / "data" / "rejects" / "i9.csv.part"

        def begin(person):
            """`contacts erase` beside us; what it answered, once it is joined."""
            answer = {}

            def run():
                result = subprocess.run(
                    [harness.programs() / "postrider", "contacts", "erase", person["email"], "--json"],
                    cwd=cluster.folder, env=cluster.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                )
                answer.update(code=result.returncode, output=result.stdout)

            thread = threading.Thread(target=run)
            thread.start()
            return thread, answer

        def again(person, was_there):
            """What holds after the next start."""
            cluster.start_coordinator()
            self.assertFalse(leftover.exists())
            shown = json.loads(cluster.command("contacts", "show", person["email"], "--json", expect=None) or "{}")
            is_there = bool(shown.get("contacts"))
            if is_there:
                self.assertTrue(was_there, "only a kill before the commit leaves the contact")
                cluster.json("contacts", "erase", person["email"])
                self.assertEqual(self.left(cluster, [person]), {})
            else:
                wait_until("nothing is left", lambda: not self.left(cluster, [person]), 60,
                           lambda: str(self.left(cluster, [person])))
            return is_there

        # The rows are deleted, nothing else is: this is what the next start is for. It dies, too, in the middle of it.
        cluster.coordinator.stop()
        cluster.start_coordinator({"POSTRIDER_CRASH_AT": "e01"})
        thread, answer = begin(chosen[0])
        self.assertEqual(cluster.coordinator.wait(60), -9)
        thread.join()
        self.assertNotEqual(answer["code"], 0)
        self.assertTrue(self.left(cluster, chosen[:1]))
        leftover.write_text(chosen[0]["email"])
        words = ["--config", cluster.folder / "postrider.yaml"]
        dying = cluster._start("dying", words, "postrider-coordinator", {"POSTRIDER_CRASH_AT": "e02"})
        self.assertEqual(dying.wait(60), -9)
        self.assertFalse(again(chosen[0], was_there=False))
        erased = chosen[:1]

        moments = []
        for person in chosen[len(erased):]:
            before = time.monotonic()
            thread, answer = begin(person)
            time.sleep(rng.uniform(0.02, 0.35))
            cluster.coordinator.kill()
            thread.join()
            moments.append((round(time.monotonic() - before, 2), answer["code"]))
            if answer["code"] == 0:
                self.assertEqual(self.left(cluster, [person]), {})
            again(person, was_there=answer["code"] != 0)
            erased.append(person)
        cluster.stop()
        self.assertEqual(self.left(cluster, erased), {})
        doctor = sqlite3.connect(f"file:{cluster.folder / 'data' / 'postrider.sqlite'}?mode=ro", uri=True)
        self.assertEqual(doctor.execute("PRAGMA integrity_check").fetchone()[0], "ok")
        self.assertEqual(
            doctor.execute("SELECT count(*) FROM contact").fetchone()[0], CONTACTS - len(erased), moments
        )
        doctor.close()

    def change(self, cluster, *statements):
        """Changes the database of a coordinator that is stopped: nobody can wait for days."""
        connection = sqlite3.connect(cluster.folder / "data" / "postrider.sqlite")
        with connection:
            for statement in statements:
                connection.execute(statement)
        rows = [row[0] for row in connection.execute("SELECT email_key FROM contact ORDER BY id")]
        connection.close()
        return rows

    def test_retention(self):
        """What is older than `retention` keeps it goes when the coordinator is there, once a day, also after a restart."""
        seen = self.folder / "seen.jsonl"
        seen.touch()
        relay = self.start("relay", [sys.executable, HERE / "quoting_relay.py", seen])
        port = relay.wait_for_line("the relay listens", lambda line: "listening" in line)["listening"]
        cluster = self.cluster(port, settings={"retention": {"contacts": "3d", "replies": "3d", "rejects": "3d"}})
        cluster.start_coordinator()
        cluster.start_worker("w1")

        def people(word, count):
            return [{"email": f"{word}{number}@good.example", "phone": f"+1515444{ord(word[0])}{number:02}"}
                    for number in range(count)]

        old, late, waiting = people("gone", 6), people("later", 3), people("queue", 3)
        for group, word in ((old, "gone"), (late, "later"), (waiting, "queue")):
            rows = "".join(f"{one['email']},{one['phone']},{word}\n" for one in group)
            bad = f"{old[0]['email']} again,,gone\n" if word == "gone" else ""
            (cluster.folder / f"{word}.csv").write_text("email,phone,first_name\n" + rows + bad)
            cluster.json("contacts", "import", f"{word}.csv")
        first = cluster.submit("first", audience="first_name = 'gone'")
        status = cluster.wait_finished(first)
        second = cluster.submit("second", audience="first_name = 'queue'", throttles=["1/1h,burst=1"])
        cluster.wait_status(second, "begun", lambda status: status["counts"]["accepted"] == 1)
        cluster.command("campaign", "pause", second)
        cluster.stop()
        ages = int(time.time() * 1_000) - 4 * DAY
        # The first start found nothing to forget, and that was its day's work.
        a_day_later = f"UPDATE meta SET value = CAST(value AS INTEGER) - {DAY} WHERE key = 'retention_ran_at'"
        everything = self.change(
            cluster,
            f"UPDATE contact SET updated_at = {ages} WHERE email_key NOT LIKE 'later%'", f"UPDATE target SET at = {ages}",
            f"UPDATE ledger SET at = {ages}", f"UPDATE import SET finished_at = {ages}",
            f"UPDATE campaign SET started_at = {ages}",
            f"UPDATE campaign SET finished_at = {ages} WHERE finished_at IS NOT NULL", a_day_later,
        )
        self.assertEqual(len(everything), 12)
        self.assertTrue(self.left(cluster, old))
        self.assertEqual(len(list((cluster.folder / "data" / "rejects").iterdir())), 1)

        def said():
            return [line["msg"] for line in cluster.coordinator.lines() if "kept long enough" in line.get("msg", "")]

        cluster.start_coordinator()
        wait_until("the old ones are forgotten", lambda: said(), 60)
        self.assertIn("6 contacts, 7 replies, 0 events, 1 reject files", said()[0])
        self.assertEqual(self.left(cluster, old), {})
        self.assertEqual(list((cluster.folder / "data" / "rejects").iterdir()), [])
        self.assertTrue(self.left(cluster, waiting[:1]))
        self.assertEqual(cluster.status(first)["counts"], status["counts"])
        self.assertEqual({row["reply"]["text"] for row in cluster.targets(first)}, {""})

        # Others become old enough, and it starts again: a day has not passed.
        cluster.stop()
        later = f"UPDATE contact SET updated_at = {ages} WHERE email_key LIKE 'later%'"
        self.assertEqual(len(self.change(cluster, later)), 6)
        cluster.start_coordinator()
        cluster.json("contacts", "show", late[0]["email"])
        cluster.stop()
        self.assertEqual(len(self.change(cluster, a_day_later)), 6)
        cluster.start_coordinator()
        wait_until("the others are forgotten", lambda: len(said()) == 2, 60)
        self.assertIn("3 contacts, 0 replies, 0 events, 0 reject files", said()[1])
        audit = [json.loads(line) for line in cluster.command("audit", "export", "--json").splitlines()]
        notes = [(row["who"], row["subject"]) for row in audit if row["act"] == "retention"]
        self.assertEqual(notes, [
            ("coordinator", "6 contacts, 7 replies, 0 events, 1 reject files"),
            ("coordinator", "3 contacts, 0 replies, 0 events, 0 reject files"),
        ])
        cluster.command("audit", "verify")
        # Who waits in a campaign that is not over stays, and is written to.
        cluster.stop()
        self.assertEqual(self.change(cluster), [one["email"] for one in waiting])
        self.assertEqual(self.left(cluster, old + late), {})

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
