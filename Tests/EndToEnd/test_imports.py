"""Files as people have them: the same person in several, damaged ones, traps; tried, taken in, and taken back."""

import gzip
import os
import re
import socket
import unittest
import urllib.parse
from pathlib import Path

from harness import CommandFailure, EndToEndTest, wait_until

# Of the coordinator, whatever a file has in it.
MEBIBYTES_MAX = 256
LONG_LINE_BYTES = 100_000_000
ROWS = 300


class ImportsTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.running = self.cluster(2525)
        self.running.start_coordinator()

    def write(self, name, content):
        data = content.encode() if isinstance(content, str) else content
        (self.running.folder / name).write_bytes(data)
        return name

    def export(self):
        return self.running.command("contacts", "export")

    def refused(self, *arguments):
        """What is said of a file that is refused, which must change nothing."""
        before = self.export()
        with self.assertRaises(CommandFailure) as caught:
            self.running.command("contacts", "import", *arguments)
        self.assertEqual(caught.exception.code, 65, caught.exception)
        self.assertEqual(self.export(), before)
        return caught.exception.errors

    def test_people_traps_and_undo(self):
        run = self.running.json
        self.write("nb.csv", "nationbuilder_id,first_name,email,phone\n4711,Ann,ann@campaign.example,515-555-0100\n")
        self.write("van.txt", "VANID\tLastName\tCellPhone\n100200\tLee\t+1 (515) 555-0100\n")
        self.write("mailchimp.csv", "Email Address,First Name,TAGS\nANN@campaign.example,Ann,a\n")
        counts = [run("contacts", "import", name)["created"] for name in ("nb.csv", "van.txt", "mailchimp.csv")]
        self.assertEqual(counts, [1, 0, 0])
        (ann,) = run("contacts", "show", "ann@campaign.example")["contacts"]
        self.assertEqual([one["name"] for one in ann["sources"]], ["nb.csv", "van.txt", "mailchimp.csv"])

        before = self.export()
        people = "ann@campaign.example,Anna,38\nbob@campaign.example,Bob,44\n"
        self.write("more.csv", "email,first_name,shoe_size\n" + people)
        trial = run("contacts", "import", "more.csv", "--dry-run")
        self.assertEqual((trial["created"], trial["updated"]), (1, 1))
        self.assertEqual(trial["dry_run"]["new_fields"], ["shoe_size"])
        said = self.running.command("contacts", "import", "more.csv", "--dry-run")
        self.assertRegex(said, r"ann@campaign\.example +first_name +'Ann' → 'Anna'")
        self.assertEqual(self.export(), before)
        self.assertEqual(len(run("imports", "list")["imports"]), 3)
        done = run("contacts", "import", "more.csv")
        self.assertEqual((done["created"], done["updated"]), (1, 1))
        self.assertEqual(run("contacts", "import", "more.csv")["unchanged"], 2)
        self.assertNotEqual(self.export(), before)
        self.assertEqual(run("imports", "undo", "i5")["state"], "undone")
        self.assertEqual(run("imports", "undo", "i4")["state"], "undone")
        self.assertEqual(self.export(), before)

        (self.running.folder / "folder").mkdir()
        self.assertIn("folder is a folder", self.refused("folder"))
        self.assertIn("cannot read missing.csv", self.refused("missing.csv"))
        self.assertIn("the file is empty", self.refused(self.write("empty.csv", "")))
        self.assertIn("no address column", self.refused(self.write("names.csv", "name,city\nAnn,Ames\n")))
        row = b"p%d@campaign.example,x\n"
        many = b"".join(row % index for index in range(ROWS))
        bomb = gzip.compress(b"email,name\n" + many + b"same@campaign.example,0000000000000000\n" * 300_000, 9)
        self.assertIn("100 times its size", self.refused(self.write("bomb.csv.gz", bomb)))
        cut = gzip.compress(b"email,name\n" + many)[:-20]
        self.assertIn("ends in the middle", self.refused(self.write("cut.csv.gz", cut)))

    def test_an_import_that_a_crash_cut_off_is_over(self):
        """The next start says so; else it would keep every undo back, and its rejects, for ever."""
        before = self.export()
        self.running.coordinator.stop()
        self.running.start_coordinator({"POSTRIDER_CRASH_AT": "c02:1"})
        self.write("people.csv", "email,name\nann@campaign.example,Ann\n")
        with self.assertRaises(CommandFailure):
            self.running.command("contacts", "import", "people.csv")
        self.running.start_coordinator()
        (cut,) = self.running.json("imports", "list")["imports"]
        self.assertEqual(cut["state"], "aborted")
        self.running.command("imports", "undo", cut["id"])
        self.assertEqual(self.export(), before)

    def test_one_import_at_a_time_until_its_sender_is_gone(self):
        self.write("people.csv", "email,name\nann@campaign.example,Ann\n")
        url = urllib.parse.urlsplit(self.running.url)
        token = (self.running.folder / "tokens" / "operator.token").read_text().strip()
        with socket.create_connection((url.hostname, url.port)) as sender:
            head = "POST /v1/imports?file=slow.csv HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Length: 999\r\n\r\n"
            sender.sendall((head % (url.netloc, token) + "email,name\nbob@campaign.example,").encode())
            wait_until("the import to run", lambda: self.running.json("imports", "list")["imports"])
            with self.assertRaises(CommandFailure) as caught:
                self.running.command("contacts", "import", "people.csv")
            self.assertIn("import i1 of slow.csv is running", caught.exception.errors)
            self.assertEqual(self.running.json("contacts", "import", "people.csv", "--dry-run")["created"], 1)
        states = lambda: [one["state"] for one in self.running.json("imports", "list")["imports"]]
        wait_until("the import to end with its sender", lambda: states() == ["aborted"])
        done = self.running.json("contacts", "import", "people.csv")
        self.assertEqual((done["created"], done["id"]), (1, "i2"))
        self.assertIn("i3", self.running.command("contacts", "import", "people.csv"))

    def test_what_is_damaged_is_rejected_and_the_rest_comes_in(self):
        lines = [b"email,name"] + [b"p%d@campaign.example,Zo\xc3\xab %d" % (index, index) for index in range(ROWS)]
        damages = {
            # Line of the file, from 1, and what it becomes.
            20: b'p18@campaign.example,"never closed',
            40: b"p38@campaign.example,NUL \0 here",
            60: b"p58@campaign.example,caf\xe9 and \xc3\xa9",
            80: b"p78@campaign.example," + b"x" * LONG_LINE_BYTES,
        }
        for line, content in damages.items():
            lines[line - 1] = content
        self.write("damaged.csv", b"\n".join(lines) + b"\n")
        answer = self.running.json("contacts", "import", "damaged.csv", seconds=120)
        fates = [answer[name] for name in ("created", "updated", "unchanged", "rejected")]
        self.assertEqual(answer["rows"], sum(fates))
        self.assertEqual((answer["rows"], answer["rejected"]), (ROWS, len(damages)))
        rejects = (self.running.folder / "damaged.rejects.csv").read_bytes()
        found = [int(line) for line in re.findall(rb"^(\d+),\d*,[^\r\n]", rejects, re.MULTILINE)]
        self.assertEqual(found, sorted(damages))
        status = Path(f"/proc/{self.running.coordinator.pid}/status").read_text()
        peak = int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) / 1024
        self.assertLessEqual(peak, MEBIBYTES_MAX)
        again = self.running.json("contacts", "import", "damaged.csv", seconds=120)
        self.assertEqual((again["unchanged"], again["rejected"]), (ROWS - len(damages), len(damages)))

    def test_an_export_of_another_system(self):
        run, folder = self.running.json, self.running.folder
        people = "stay@campaign.example,S,subscribed\ngone@campaign.example,G,unsubscribed\nbroken,B,subscribed\n"
        self.write("an.csv", "email,first_name,can2_subscription_status\n" + people)
        # What was done is said even when the rejected rows cannot be put beside the file.
        (folder / "an.rejects.csv").mkdir()
        answer = run("contacts", "import", "an.csv", expect=1)
        self.assertEqual((answer["created"], answer["rejected"], answer["rejects_file"]), (2, 1, None))
        count = {"column": "can2_subscription_status", "reason": "unsubscribed", "rows": 1}
        self.assertEqual(answer["opt_outs"], [count])
        (folder / "an.rejects.csv").rmdir()
        said = self.running.command("contacts", "import", "an.csv")
        self.assertRegex(said, r"suppressed +1 +they unsubscribed, says the column can2_subscription_status")
        (gone,) = run("contacts", "show", "gone@campaign.example")["contacts"]
        self.assertEqual([one["reason"] for one in gone["suppressions"]], ["unsubscribed"])
        (stay,) = run("contacts", "show", "stay@campaign.example")["contacts"]
        self.assertEqual(stay["suppressions"], [])

        # No row at all can be used: each has its reason all the same.
        self.write("bad.csv", "email,first_name\n" + "".join(f"nobody{number},N\n" for number in range(30)))
        with self.assertRaises(CommandFailure) as caught:
            self.running.command("contacts", "import", "bad.csv")
        self.assertEqual(caught.exception.code, 65)
        self.assertIn("bad.rejects.csv", caught.exception.errors)
        self.assertEqual(len((folder / "bad.rejects.csv").read_text().splitlines()), 31)

        rejects = folder / "an.rejects.csv"
        rejects.write_text(rejects.read_text().replace('"broken"', '"mended@campaign.example"'))
        mended = run("contacts", "import", rejects.name)
        self.assertEqual((mended["created"], mended["rejected"]), (1, 0))
        (person,) = run("contacts", "show", "mended@campaign.example")["contacts"]
        self.assertEqual(person["fields"].keys(), stay["fields"].keys())

        (folder / "everyone.csv").write_text(self.export())
        again = run("contacts", "import", "everyone.csv")
        self.assertEqual((again["rows"], again["unchanged"]), (3, 3))

        os.mkfifo(folder / "pipe.csv")
        self.assertIn("is no file", self.refused("pipe.csv"))
        self.running.command("contacts", "import", "an.csv", "--list", "", expect=64)
        campaign = self.running.write_campaign(audience="email like '%'", missing_field={"first_nam": "friend"})
        with self.assertRaises(CommandFailure) as caught:
            self.running.command("campaign", "check", campaign)
        self.assertEqual(caught.exception.code, 65)
        self.assertIn("did you mean 'first_name'?", caught.exception.errors)

    def test_a_household_and_the_own_export(self):
        run, folder = self.running.json, self.running.folder
        voters = "7,Ann,515-555-0122,1,1/31/1980\n8,Bob,515-555-0122,2,2/3/1980\n"
        self.write("home.csv", "VANID,Name,Phone,Visits,Born\n" + voters)
        self.assertEqual(run("contacts", "import", "home.csv")["created"], 2)
        self.assertEqual(run("segment", "count", "born < today - 30y")["count"], 2)
        self.write("visits.csv", "VANID,Phone,Visits\n8,515-555-0122,7A\n")
        told = run("contacts", "import", "visits.csv", "--dry-run")
        self.assertEqual([(one["line"], one["column"]) for one in told["first_warnings"]], [(2, 3)])
        self.assertEqual(told["warned_columns"], [{"column": "Visits", "warnings": 1}])
        said = self.running.command("contacts", "import", "visits.csv")
        self.assertRegex(said, r"warnings +1 +1 in Visits")
        for form in [], ["--json"]:
            (folder / "own").write_text(self.running.command("contacts", "export", *form))
            own = run("contacts", "import", "own", "--dry-run")
            self.assertEqual((own["rows"], own["unchanged"], own["warnings"]), (2, 2, 0))


if __name__ == "__main__":
    unittest.main()
