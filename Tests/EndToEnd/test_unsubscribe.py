"""People who want no more: links in messages, one click by a script, the page in a browser, and the list of operators.

POSTRIDER_BIN is as in harness.py. POSTRIDER_UNSUBSCRIBES=1000 for as many tries at random moments (default 60).
"""

import base64
import http.client
import json
import os
import random
import sqlite3
import sys
import threading
import time
import unittest
import urllib.parse
from pathlib import Path

from browser import Browser, chromium
from harness import EndToEndTest, wait_until

TRIES = int(os.environ.get("POSTRIDER_UNSUBSCRIBES", "60"))
# Enough that the campaign runs for longer than it takes to unsubscribe so many.
CONTACTS = max(3_000, 30 * TRIES)
EFFECT_SECONDS = 2.0
RUN_SECONDS = 240
HERE = Path(__file__).resolve().parent
ONE_CLICK = "List-Unsubscribe=One-Click"


class UnsubscribeTest(EndToEndTest):
    def begin(self, contacts, **settings):
        self.seen = self.folder / "seen.jsonl"
        self.seen.touch()
        relay = self.start("relay", [sys.executable, HERE / "link_relay.py", self.seen])
        port = relay.wait_for_line("the relay listens", lambda line: "listening" in line)["listening"]
        cluster = self.cluster(port, settings=settings)
        cluster.settings["coordinator"]["public_url"] = f"http://127.0.0.1:{cluster.public_port}"
        cluster.write_settings()
        cluster.start_up(workers=2)
        cluster.import_contacts({"email": f"p{i}@site{i % 7}.example", "first_name": f"P{i}"} for i in range(contacts))
        return cluster

    def messages(self, campaign=None):
        lines = [json.loads(line) for line in self.seen.read_text().splitlines()]
        return [line for line in lines if campaign in (None, line["campaign"])]

    def request(self, url, method, body=None, kind="application/x-www-form-urlencoded"):
        parts = urllib.parse.urlsplit(url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=30)
        connection.request(method, parts.path, body, {"Content-Type": kind} if body is not None else {})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def database(self, cluster, sql):
        connection = sqlite3.connect(f"file:{cluster.folder}/data/postrider.sqlite?mode=ro", uri=True)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def contact(self, cluster, address):
        return self.database(cluster, f"SELECT id FROM contact WHERE email_key = '{address}'")[0][0]

    def test_links(self):
        cluster = self.begin(20)
        text = "Dear {{first_name}},\n\nno more: {{unsubscribe_url}}\n"
        keys = {"headers": {"X-Campaign": "a"}, "language": "fr",
                "variants": [{"name": "all", "subject": "Hi", "text": text}]}
        # A preview has no link that works: whoever looks at it must not unsubscribe the contact.
        shown = cluster.command("campaign", "preview", cluster.write_campaign("a", **keys), "--contact", "p1@site1.example")
        self.assertIn("unsubscribe.invalid", shown)
        first = cluster.submit("a", **keys)
        cluster.wait_finished(first)
        messages = {line["to"]: line for line in self.messages("a")}
        self.assertEqual(len(messages), 20)
        self.assertEqual(len({line["link"] for line in messages.values()}), 20)
        for address, line in messages.items():
            self.assertEqual(line["post"], ONE_CLICK)
            self.assertRegex(line["link"], rf"^http://127\.0\.0\.1:{cluster.public_port}/u/[A-Za-z0-9_-]{{40}}$")
            token = line["link"].rsplit("/", 1)[1]
            # The whole site's name: a few letters of somebody's come up by chance.
            site = address.split("@")[1].removesuffix(".example")
            self.assertNotIn(site, token)
            self.assertNotIn(site.encode(), base64.urlsafe_b64decode(token))
            self.assertIn(line["link"], line["body"].replace("=\r\n", "").replace("=3D", "="))
        link = messages["p1@site1.example"]["link"]

        # A link scanner looks, and nothing happens.
        for method in ("GET", "HEAD"):
            status, page = self.request(link, method)
            self.assertEqual(status, 200)
        self.assertIn('lang="fr"', self.request(link, "GET")[1])
        self.assertEqual(self.request(link, "POST", "")[0], 400)
        self.assertEqual(self.database(cluster, "SELECT count(*) FROM event")[0][0], 0)

        # Every bit of the token.
        token, front = link.rsplit("/", 1)[1], link.rsplit("/", 1)[0]
        refused = 0
        for index in range(len(token)):
            for bit in range(8):
                changed = bytearray(token.encode())
                changed[index] ^= 1 << bit
                path = urllib.parse.quote_from_bytes(bytes(changed), safe="-_")
                self.assertIn(self.request(f"{front}/{path}", "POST", ONE_CLICK)[0], (400, 404))
                refused += 1
        self.assertEqual(refused, 320)
        self.assertEqual(self.database(cluster, "SELECT count(*) FROM event")[0][0], 0)

        # By a script, as RFC 8058 has it, and again.
        status, page = self.request(link, "POST", ONE_CLICK)
        self.assertEqual(status, 200)
        multipart = f'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'
        again = self.request(link, "POST", multipart, "multipart/form-data; boundary=b")
        self.assertEqual(again, (status, page))
        events = self.database(cluster, "SELECT kind, source, contact FROM event")
        self.assertEqual(events, [("unsubscribed", "one_click", self.contact(cluster, "p1@site1.example"))])

        # It holds for the next campaign, and for a file that brings the address again.
        cluster.import_contacts([{"email": "P1@SITE1.example", "first_name": "Again"}], name="again")
        second = cluster.submit("b", headers={"X-Campaign": "b"})
        status = cluster.wait_finished(second)
        self.assertEqual(status["counts"]["suppressed"], 1)
        self.assertNotIn("p1@site1.example", {line["to"] for line in self.messages("b")})
        self.check_operators(cluster)

    def check_operators(self, cluster):
        """`postrider suppress`."""
        added = cluster.json("suppress", "add", "P2@Site2.example", "--evidence", "a letter")
        contacts = [self.contact(cluster, f"p{number}@site{number}.example") for number in (1, 2, 3)]
        self.assertEqual((added["added"], added["suppression"]["contact"]), (True, contacts[1]))
        self.assertFalse(cluster.json("suppress", "add", "p2@site2.example")["added"])
        cluster.command("suppress", "add", "no address", expect=65)
        (cluster.folder / "stop.csv").write_text("Email;Why\np3@site3.example;x\nnobody@new.example;y\nbroken;z\n")
        report = cluster.json("suppress", "import", "stop.csv", expect=65)
        self.assertIn("broken", (cluster.folder / "stop.rejects.csv").read_text())
        self.assertEqual([report[key] for key in ("rows", "added", "known", "rejected")], [3, 2, 0, 1])
        rows = [json.loads(line) for line in cluster.command("suppress", "list", "--json").splitlines()]
        self.assertEqual(
            sorted((row["reason"], row["contact"]) for row in rows if row["contact"]),
            [("asked", contacts[1]), ("imported", contacts[2]), ("unsubscribed", contacts[0])],
        )
        self.assertEqual(len(rows), 4)
        self.assertNotIn("example", json.dumps(rows))
        cluster.command("suppress", "remove", "p2@site2.example", expect=64)
        cluster.command("suppress", "remove", "p2@site2.example", "--reason", " ", expect=65)
        removed = cluster.json("suppress", "remove", "p2@site2.example", "--reason", "they wrote again")
        self.assertEqual(removed["reason"], "asked")
        cluster.command("suppress", "remove", "p2@site2.example", "--reason", "again", expect=1)
        third = cluster.submit("c", headers={"X-Campaign": "c"})
        self.assertEqual(cluster.wait_finished(third)["counts"]["suppressed"], 2)

    def test_page_in_a_browser(self):
        chromium()
        cluster = self.begin(3)
        cluster.wait_finished(cluster.submit("a", headers={"X-Campaign": "a"}, language="de"))
        links = {line["to"]: line["link"] for line in self.messages("a")}
        with Browser() as browser:
            browser.open(links["p0@site0.example"])
            page = browser.html()
            self.assertIn("Ann Lee", page)
            self.assertIn("Abmelden", page)
            # On a telephone everything is on the screen, and the button is large enough for a thumb.
            left, _, width, height = browser.box("button")
            self.assertTrue(left >= 0 and left + width <= browser.width and height >= 40)
            self.assertEqual(self.database(cluster, "SELECT count(*) FROM event")[0][0], 0)
            browser.click("button")
            browser.wait("the answer is shown", lambda: browser.box("[role=status]"))
            self.assertIn("Sie sind abgemeldet", browser.html())
            # The other choice: this list only.
            browser.open(links["p1@site1.example"])
            browser.click("input[value=list]")
            browser.click("button")
            browser.wait("the answer is shown", lambda: browser.box("[role=status]"))
            self.assertIn("everyone", browser.html())
        events = self.database(cluster, "SELECT contact, source, reason FROM event ORDER BY id")
        self.assertEqual(events, [(1, "page", ""), (2, "page", "everyone")])
        self.assertEqual(self.database(cluster, "SELECT count(*) FROM suppression")[0][0], 1)
        status = cluster.wait_finished(cluster.submit("b", headers={"X-Campaign": "b"}))
        self.assertEqual((status["audience"], status["counts"]["suppressed"]), (2, 1))
        self.assertEqual([line["to"] for line in self.messages("b")], ["p2@site2.example"])

    def test_while_a_campaign_runs(self):
        cluster = self.begin(CONTACTS)
        cluster.wait_finished(cluster.submit("a", headers={"X-Campaign": "a"}), RUN_SECONDS)
        links = {line["to"]: line["link"] for line in self.messages("a")}
        self.assertEqual(len(links), CONTACTS)
        chosen = random.sample(sorted(links), TRIES)
        before = self.messages()
        campaign = cluster.submit("b", headers={"X-Campaign": "b"})
        wait_until("the campaign sends", lambda: len(self.seen.read_bytes().splitlines()) > len(before), RUN_SECONDS)
        rate = CONTACTS / max(1e-3, max(line["at"] for line in before) - min(line["at"] for line in before))
        answered = {}

        def unsubscribe(addresses):
            for address in addresses:
                # Over the length of the campaign, at random.
                time.sleep(random.uniform(0, 2 * 0.8 * CONTACTS / rate / len(addresses)))
                status, _ = self.request(links[address], "POST", ONE_CLICK)
                if status == 200:
                    answered[address] = time.monotonic()

        threads = [threading.Thread(target=unsubscribe, args=(chosen[part::4],)) for part in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        status = cluster.wait_finished(campaign, RUN_SECONDS)
        self.check_counts(status)
        self.assertEqual(len(answered), TRIES)
        arrived = {line["to"]: line["at"] for line in self.messages("b")}
        late = {address: arrived[address] - at for address, at in answered.items() if address in arrived}
        after = sorted(seconds for seconds in late.values() if seconds > 0)
        spared = TRIES - len(late)
        print(
            f"{TRIES} unsubscribed over {CONTACTS} messages: {spared} got none, {len(late)} got theirs before; "
            f"{len(after)} of those after the answer, at most {max(after, default=0) * 1000:.0f} ms later",
            file=sys.stderr,
        )
        self.assertEqual([seconds for seconds in after if seconds > EFFECT_SECONDS], [])
        self.assertEqual(status["counts"]["suppressed"], spared)
        self.assertEqual(status["counts"]["accepted"], CONTACTS - spared)
        # Else nothing was tried: some must have been spared while the campaign ran.
        self.assertGreater(spared, 0)


if __name__ == "__main__":
    unittest.main()
