"""Texts that say STOP, and what became of texts: Twilio's webhooks, true and forged; lists of numbers; packed lists."""

import base64
import gzip
import hashlib
import hmac
import json
import unittest
import urllib.error
import urllib.parse
import urllib.request

from harness import CommandFailure, EndToEndTest, free_ports, wait_until

TOKEN = "0123456789abcdef0123456789abcdef"
ZOE, BEN, STRANGER = "+15155550100", "+15155550101", "+442079460000"
FORM = "application/x-www-form-urlencoded; charset=UTF-8"


def sign(address, fields, token=TOKEN):
    """As Twilio does it."""
    text = address + "".join(name + value for name, value in sorted(fields.items()))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


class TextTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        # Nothing is sent.
        self.texts = self.cluster(free_ports(1)[0])
        self.address = f"http://127.0.0.1:{self.texts.public_port}/w/texts"
        self.texts.settings["coordinator"]["public_url"] = self.address.removesuffix("/w/texts")
        self.texts.settings["webhooks"] = {"texts": {"provider": "twilio", "token_file": "keys/twilio.key"}}
        (self.texts.folder / "keys").mkdir(parents=True, exist_ok=True)
        key = self.texts.folder / "keys" / "twilio.key"
        key.write_text(TOKEN)
        key.chmod(0o600)
        self.texts.write_settings()
        self.texts.start_up(1)
        self.texts.import_contacts([
            {"email": "zoe@site.example", "phone": "(515) 555-0100"},
            {"email": "ben@site.example", "phone": "+1 515 555 0101"},
        ])
        self.zoe, self.ben = (
            self.texts.json("contacts", "show", name)["contacts"][0]["contact"]
            for name in ("zoe@site.example", "ben@site.example")
        )

    def post(self, fields, signature=None, kind=FORM, **headers):
        """The status of the answer, and its body."""
        signed = {} if signature == "" else {"X-Twilio-Signature": signature or sign(self.address, fields)}
        body = urllib.parse.urlencode(fields).encode() if kind == FORM else json.dumps(fields).encode()
        request = urllib.request.Request(self.address, body, {"Content-Type": kind, **signed, **headers})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, b""

    def is_taken(self, fields):
        """Whether it is answered 204; the listener for providers may not be there yet."""
        try:
            return self.post(fields)[0] == 204
        except OSError:
            return False

    def came(self, message, number, text, **more):
        return {"MessageSid": message, "From": number, "To": "+18005551212", "Body": text, "SmsStatus": "received", **more}

    def failed(self, message, number, code):
        status = {"MessageStatus": "undelivered", "SmsStatus": "undelivered", "ErrorCode": code}
        return {"MessageSid": message, "From": "+18005551212", "To": number, **status}

    def metrics(self):
        with urllib.request.urlopen(f"{self.texts.url}/metrics", timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        found = [line for line in lines if line.startswith("postrider_returned_total{")]
        return {line.split('"')[1]: int(float(line.split()[-1])) for line in found}

    def listed(self):
        """What stands on the list, by contact."""
        rows = [json.loads(line) for line in self.texts.command("suppress", "list", "--json").splitlines()]
        for row in rows:
            self.assertEqual(row["channel"], "sms")
        return [(row["reason"], row["contact"]) for row in rows]

    def refused(self, code, *words):
        """The words of a command that is refused."""
        with self.assertRaises(CommandFailure) as failure:
            self.texts.command(*words)
        self.assertEqual(failure.exception.code, code, failure.exception)
        return failure.exception.errors

    def audit(self):
        rows = [json.loads(line) for line in self.texts.command("audit", "export", role="viewer").splitlines()]
        return [(row["act"], row["subject"], row["digest"]) for row in rows]


class WebhookTests(TextTest):
    def test_stop(self):
        """STOP suppresses the number once it is on disk; forged ones are refused and reported; START lifts nothing."""
        stop = self.came("SM1", ZOE, " Stop. ")
        forged = [
            (stop, dict(signature="")), (stop, dict(signature=sign(self.address, stop, "another"))),
            (stop, dict(signature=sign(self.address, {**stop, "From": BEN}))),
            # Signed for another address: that one says so of itself.
            (stop, dict(signature=sign("http://evil.example/w/texts", stop), Host="evil.example")),
            (stop, dict(kind="application/json")),
        ]
        for fields, how in forged:
            self.assertEqual(self.post(fields, **how)[0], 403, how)
        self.assertEqual((self.metrics(), self.listed()), ({"refused": len(forged)}, []))
        # An answer would be sent to the person.
        for _ in range(2):
            self.assertEqual(self.post(stop), (204, b""))
        self.assertEqual(self.metrics(), {"refused": len(forged), "unsubscribed": 1, "suppressed": 1, "repeated": 1})
        self.assertEqual(self.listed(), [("unsubscribed", self.zoe)])
        said = json.dumps(self.texts.up.lines("return_refused"))
        self.assertIn("signature that is not its provider's", said)
        self.assertIn("is no form", said)

        shown = self.texts.json("contacts", "show", "+1 515 555 0100")["contacts"][0]
        self.assertEqual([(row["channel"], row["reason"]) for row in shown["suppressions"]], [("sms", "unsubscribed")])
        self.assertEqual([(row["kind"], row["source"]) for row in shown["events"]], [("unsubscribed", "texts")])
        for name in (ZOE, "zoe@site.example"):
            self.assertIn("Suppressed for sms since", self.texts.command("why", name))
        self.assertEqual(self.texts.json("why", BEN)["suppressions"], [])

        for body, more in (("START", {}), ("ja", {"OptOutType": "START"}), ("HELP", {"OptOutType": "HELP"})):
            self.assertEqual(self.post(self.came(f"SM-{body}", ZOE, body, **more))[0], 204)
        self.assertEqual(self.post(self.came("SM2", BEN, "START"))[0], 204)
        self.assertEqual(self.listed(), [("unsubscribed", self.zoe)])
        wait_until("it is told of", lambda: len(self.texts.up.lines("asks_again")) == 2, 30)
        self.assertEqual({line["contact"] for line in self.texts.up.lines("asks_again")}, {self.zoe})
        self.assertNotIn(ZOE[1:], self.texts.up.text())

        # What was answered is on disk, also of somebody whom nobody knows.
        self.assertEqual(self.post(self.came("SM3", STRANGER, "no", OptOutType="STOP"))[0], 204)
        self.texts.kill()
        self.texts.start_up(1)
        wait_until("it is taken again", lambda: self.is_taken(stop), 30)
        self.assertEqual(len(self.listed()), 2)
        self.assertIn("suppressed for sms since", self.refused(1, "why", STRANGER))

    def test_numbers_that_do_not_work(self):
        """Codes that say that a number never works suppress it, others do not; operators have the last word."""
        for message, number, code in (("SM1", ZOE, "30007"), ("SM2", ZOE, "30003"), ("SM3", ZOE, "30005"),
                                      ("SM4", STRANGER, "30005"), ("SM5", STRANGER, "21610")):
            for _ in range(2):
                self.assertEqual(self.post(self.failed(message, number, code))[0], 204)
        delivered = {**self.failed("SM6", BEN, ""), "MessageStatus": "delivered", "SmsStatus": "delivered"}
        self.assertEqual(self.post(delivered)[0], 204)
        self.assertEqual(self.metrics(), {"bounced": 4, "unsubscribed": 1, "suppressed": 2, "repeated": 5})
        self.assertEqual(dict(self.listed()), {"bounced": self.zoe, "unsubscribed": None})

        self.assertIn("channel sms", self.refused(65, "suppress", "add", BEN))
        self.assertIn("no telephone number", self.refused(65, "suppress", "add", "--channel", "sms", "ben@site.example"))
        self.assertEqual(self.texts.json("suppress", "add", "--channel", "sms", BEN)["suppression"]["contact"], self.ben)
        self.texts.command("suppress", "remove", "--channel", "sms", "(515) 555-0100", "--reason", "a new telephone")
        self.assertEqual(dict(self.listed()), {"asked": self.ben, "unsubscribed": None})
        # The same report again is no new one.
        self.assertEqual(self.post(self.failed("SM3", ZOE, "30005"))[0], 204)
        self.assertEqual(dict(self.listed()), {"asked": self.ben, "unsubscribed": None})


class ListTests(TextTest):
    def test_lists(self):
        """Lists of numbers, packed ones, traps; and what the audit has of them."""
        folder = self.texts.folder
        table = f"Phone,Name\n{ZOE},Zoë\n+1 (515) 555-0101,Ben\n{STRANGER},\n,nobody\n".encode()
        (folder / "stop.csv.gz").write_bytes(gzip.compress(table))
        many = b"".join(b"+1515%07d,\n" % number for number in range(2_000_000, 2_001_000))
        bomb = gzip.compress(b"phone,name\n" + many + b"+15155550199,0000000000000000\n" * 300_000, 9)
        (folder / "bomb.csv.gz").write_bytes(bomb)
        (folder / "cut.csv.gz").write_bytes(gzip.compress(b"phone,name\n" + many)[:-20])
        words = ("suppress", "import", "--channel", "sms")
        self.assertIn("100 times its size", self.refused(65, *words, "bomb.csv.gz"))
        self.assertIn("ends in the middle", self.refused(65, *words, "cut.csv.gz"))
        (folder / "bad.csv").write_text("phone\nbroken\n")
        self.assertIn("bad.csv:2:", self.refused(65, *words, "bad.csv"))
        self.assertEqual(self.listed(), [])
        before = self.audit()
        self.assertEqual([row for row in before if row[0].startswith("suppress")], [])

        answer = self.texts.json(*words, "stop.csv.gz", expect=65)
        self.assertEqual([answer[key] for key in ("rows", "added", "known", "rejected")], [4, 3, 0, 1])
        self.assertEqual(len(self.listed()), 3)
        digest = hashlib.sha256((folder / "stop.csv.gz").read_bytes()).hexdigest()
        self.assertEqual(self.audit()[len(before):], [
            ("suppress_import_begin", "sms stop.csv.gz", ""),
            ("suppress_import_end", "sms stop.csv.gz (imported): 3 added, 0 known, 1 rejected", digest),
        ])
        self.texts.command("audit", "verify", role="viewer")


if __name__ == "__main__":
    unittest.main()
