"""Messages that are signed, and what comes back, true and forged: by LMTP, in a Maildir folder, by webhooks."""

import base64
import hashlib
import hmac
import json
import shutil
import smtplib
import subprocess
import time
import unittest
import urllib.error
import urllib.request

import aiosmtpd_relay
from harness import EndToEndTest, free_ports, wait_until

try:
    import dkim
    import nacl.signing  # noqa: F401
except ImportError:
    # Told by the test that wants it.
    dkim = None

PEOPLE = 8
DOMAIN = "returns.example"
TOPIC = "arn:aws:sns:eu-west-1:1234:mail"


def notice(to, recipient, status, number):
    """A delivery status notification (RFC 3464)."""
    return "\r\n".join([
        "From: MAILER-DAEMON@mx.example", f"To: {to}", f"Message-ID: <{number}@mx.example>",
        "Subject: Undelivered Mail Returned to Sender", "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"', "",
        "--b", "Content-Type: text/plain", "", "Your message could not be delivered.", "",
        "--b", "Content-Type: message/delivery-status", "",
        "Reporting-MTA: dns; mx.example", "",
        f"Final-Recipient: rfc822; {recipient}", "Action: failed", f"Status: {status}",
        f"Diagnostic-Code: smtp; 550 {status} refused", "", "--b--", "",
    ])


class MailTest(EndToEndTest):
    """A relay that remembers, and a cluster that has written to everybody."""

    def setUp(self):
        super().setUp()
        self.relay = aiosmtpd_relay.Relay()
        self.addCleanup(self.relay.stop)

    def sent(self, **settings):
        """A cluster that has written to everybody; returns it with the return path of each address."""
        cluster = self.cluster(self.relay.port, settings=settings)
        self.prepare(cluster)
        cluster.start_up(1)
        cluster.import_contacts(
            {"email": f"person{number}@site.example", "first_name": "Zoë"} for number in range(PEOPLE)
        )
        status = cluster.wait_finished(cluster.submit())
        self.assertEqual(status["counts"]["accepted"], PEOPLE)
        return cluster, {attempt.address: attempt.sender for attempt in self.relay.attempts}

    def prepare(self, cluster):
        pass


class ReturnTest(MailTest):
    """Asks what came back."""

    def metrics(self, cluster):
        """How many returned mails had which result."""
        with urllib.request.urlopen(f"{cluster.url}/metrics", timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        found = [line for line in lines if line.startswith("postrider_returned_total{")]
        return {line.split('"')[1]: int(float(line.split()[-1])) for line in found}

    def wait_for(self, cluster, wanted):
        wait_until(f"returned mails: {wanted}", lambda: self.metrics(cluster) == wanted, 30,
                   lambda: str(self.metrics(cluster)))

    def check_second_campaign(self, cluster, suppressed):
        """Nobody who bounced is written to again."""
        before = len(self.relay.attempts)
        status = cluster.wait_finished(cluster.submit("second"))
        self.assertEqual(status["counts"]["suppressed"], len(suppressed), status)
        written = {attempt.address for attempt in self.relay.attempts[before:]}
        self.assertFalse(written & set(suppressed), written)


class ReturnTests(ReturnTest):
    def test_lmtp(self):
        """By LMTP: permanent bounces suppress, policy ones do not, forged ones are refused and reported."""
        port, = free_ports(1)
        cluster, paths = self.sent(returns={"address": f"bounces@{DOMAIN}", "listen": f"127.0.0.1:{port}"})
        for address, path in paths.items():
            self.assertRegex(path, rf"^bounces\+[a-z2-7]+@{DOMAIN}$")
            self.assertNotIn(address.split("@")[0], path)
        first, second, third = sorted(paths)[:3]

        def deliver(path, text):
            with smtplib.LMTP("127.0.0.1", port) as client:
                return client.sendmail("", [path], text)

        for _ in range(2):
            self.assertEqual(deliver(paths[first], notice(paths[first], first, "5.1.1", 1)), {})
        self.assertEqual(deliver(paths[second], notice(paths[second], second, "5.7.1", 2)), {})
        # Another person's return path with a character changed, and a notice that has none at all.
        local, domain = paths[third].split("@")
        forged = f"{local[:-1]}{'a' if local[-1] != 'a' else 'b'}@{domain}"
        with self.assertRaises(smtplib.SMTPRecipientsRefused) as refused:
            deliver(forged, notice(forged, third, "5.1.1", 3))
        self.assertEqual(refused.exception.recipients[forged][0], 550)
        with smtplib.LMTP("127.0.0.1", port) as client:
            client.ehlo_or_helo_if_needed()
            client.mail("")
            client.rcpt(f"abuse@{DOMAIN}")
            self.assertEqual(client.data(notice(f"abuse@{DOMAIN}", third, "5.1.1", 4))[0], 550)
        self.wait_for(cluster, {"bounced": 2, "repeated": 1, "suppressed": 1, "refused": 2})
        lines = [line for line in cluster.up.lines("return_refused")]
        self.assertTrue(lines, cluster.up.last_words())
        self.assertNotIn(third, json.dumps(lines))
        self.check_second_campaign(cluster, [first])

    def test_maildir(self):
        """In a Maildir folder: read once and deleted; what tells nothing or is forged is kept in cur/."""
        folder = self.folder / "returned"
        for name in ("new", "cur", "tmp"):
            (folder / name).mkdir(parents=True)
        cluster, paths = self.sent(
            returns={"address": f"bounces@{DOMAIN}", "maildir": str(folder), "poll": "1s"}
        )
        first, second = sorted(paths)[:2]
        mails = {
            "1.one": notice(paths[first], first, "5.1.1", 1),
            "2.two": notice(f"bounces+aaaaaaaaaaaaaaaaaaaaaaaa@{DOMAIN}", second, "5.1.1", 2),
            "3.three": "Subject: hello\r\n\r\nI am on holiday.\r\n",
        }
        for name, text in mails.items():
            (folder / "tmp" / name).write_text(text, newline="")
            (folder / "tmp" / name).rename(folder / "new" / name)
        self.wait_for(cluster, {"bounced": 1, "suppressed": 1, "refused": 1, "ignored": 1})
        wait_until("all mails are gone from new/", lambda: not list((folder / "new").iterdir()), 30)
        self.assertEqual(
            sorted(path.name for path in (folder / "cur").iterdir()), ["2.two:2,FS", "3.three:2,S"]
        )
        self.check_second_campaign(cluster, [first])

    def test_maildir_killed(self):
        """A coordinator that dies between the commit and the deletion of a mail counts what it says once."""
        folder = self.folder / "returned"
        for name in ("new", "cur", "tmp"):
            (folder / name).mkdir(parents=True)
        cluster = self.cluster(self.relay.port, settings={
            # Two of either kind would suppress.
            "returns": {"address": f"bounces@{DOMAIN}", "maildir": str(folder), "poll": "1s", "permanent": 2,
                        "temporary_days": 2},
        })
        cluster.start_coordinator()
        cluster.start_worker("w1")
        cluster.import_contacts(
            {"email": f"person{number}@site.example", "first_name": "Zoë"} for number in range(PEOPLE)
        )
        cluster.wait_finished(cluster.submit())
        paths = {attempt.address: attempt.sender for attempt in self.relay.attempts}
        cluster.coordinator.stop()
        people = sorted(paths)[:3]
        for number, (address, status) in enumerate(zip(people, ("5.1.1", "4.2.2", "5.1.1"))):
            name = f"{number}.mail"
            (folder / "tmp" / name).write_text(notice(paths[address], address, status, number), newline="")
            (folder / "tmp" / name).rename(folder / "new" / name)

        def left():
            return sorted(path.name for path in (folder / "new").iterdir())

        config = ["--config", cluster.folder / "postrider.yaml"]
        for passing, names in ((1, ["0.mail", "1.mail", "2.mail"]), (2, ["1.mail", "2.mail"])):
            # At the second time, the first mail is read again and deleted, and the next one's turn comes.
            dying = cluster._start("coordinator", config, "postrider-coordinator", {"POSTRIDER_CRASH_AT": f"m01:{passing}"})
            self.assertEqual(dying.wait(60), -9)
            self.assertEqual(left(), names)
        cluster.start_coordinator()
        wait_until("all mails are gone from new/", lambda: not left(), 30)
        self.wait_for(cluster, {"repeated": 1, "bounced": 1})
        for address in people:
            shown = cluster.json("contacts", "show", address)["contacts"][0]
            self.assertEqual([one["kind"] for one in shown["events"]], ["bounced"], shown)
            self.assertEqual(shown["suppressions"], [])
        self.check_second_campaign(cluster, [])


def complaint(to, path, number):
    """A report of a feedback loop (RFC 5965)."""
    return "\r\n".join([
        "From: fbl@mx.example", f"To: {to}", f"Message-ID: <c{number}@mx.example>", "Subject: complaint",
        "MIME-Version: 1.0", 'Content-Type: multipart/report; report-type=feedback-report; boundary="b"', "",
        "--b", "Content-Type: text/plain", "", "Somebody does not want this.", "",
        "--b", "Content-Type: message/feedback-report", "", "Feedback-Type: abuse", "User-Agent: mx/1", "Version: 1",
        f"Original-Mail-From: <{path}>", "",
        "--b", "Content-Type: message/rfc822", "", "From: a@campaign.example", "Subject: Hi", "", "Hi", "", "--b--", "",
    ])


class ComplaintTests(ReturnTest):
    def test_complaints_stop_a_campaign(self):
        """Complaints from outside suppress who complains, and pause a campaign that still runs."""
        port, = free_ports(1)
        cluster = self.cluster(self.relay.port, settings={
            "returns": {"address": f"bounces@{DOMAIN}", "listen": f"127.0.0.1:{port}"},
            "guards": {"complaints": {"warn": "5%", "pause": "10%", "after": 10}},
        })
        cluster.start_up(1)
        cluster.import_contacts(
            {"email": f"person{number}@site.example", "first_name": "Zoë"} for number in range(600)
        )
        campaign = cluster.submit("slow", throttles=["10/s,burst=1"])
        wait_until("some are sent", lambda: cluster.status(campaign)["counts"]["accepted"] >= 12, 60)
        seen = list(self.relay.attempts)[:8]
        for number, attempt in enumerate(seen):
            with smtplib.LMTP("127.0.0.1", port) as client:
                to = f"abuse@{DOMAIN}"
                client.sendmail("fbl@mx.example", [to], complaint(to, attempt.sender, number))
        status = cluster.status(campaign)
        self.assertEqual(status["state"], "paused", status)
        self.assertIn("complained of", status["problem"])
        self.assertGreater(status["counts"]["pending"] + status["counts"]["leased"], 0)
        self.assertEqual(self.metrics(cluster), {"complained": len(seen), "suppressed": len(seen)})


class WebhookTests(ReturnTest):
    def post(self, cluster, name, body, headers=None):
        """The status of the answer."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{cluster.public_port}/w/{name}", body,
            {"Content-Type": "application/json", **(headers or {})},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except (urllib.error.URLError, ConnectionError):
            # Nobody listened to the end.
            return None

    def openssl(self, *words, text=None):
        return subprocess.run(["openssl", *map(str, words)], input=text, capture_output=True, check=True).stdout

    def prepare(self, cluster):
        cluster.settings["coordinator"]["public_url"] = f"http://127.0.0.1:{cluster.public_port}"
        keys = cluster.folder / "keys"
        keys.mkdir(parents=True, exist_ok=True)
        for name, text in (("mailgun.key", "signing key"), ("postmark.key", "pass word")):
            (keys / name).write_text(text)
            (keys / name).chmod(0o600)
        self.openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", keys / "grid.key")
        public = self.openssl("ec", "-in", keys / "grid.key", "-pubout", "-outform", "DER")
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=sns.amazonaws.com",
                     "-keyout", keys / "sns.key", "-out", keys / "sns.pem")
        self.keys = keys
        cluster.settings["webhooks"] = {
            "grid": {"provider": "sendgrid", "public_key": base64.b64encode(public).decode()},
            "gun": {"provider": "mailgun", "key_file": "keys/mailgun.key"},
            "mark": {"provider": "postmark", "user": "postrider", "password_file": "keys/postmark.key"},
            "aws": {"provider": "ses", "topics": [TOPIC], "certificate_file": "keys/sns.pem"},
        }
        cluster.write_settings()

    def grid(self, *events):
        body, now = json.dumps(events).encode(), str(int(time.time()))
        signature = self.openssl("dgst", "-sha256", "-sign", self.keys / "grid.key", text=now.encode() + body)
        return body, {
            "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": now,
        }

    def gun(self, token, **event):
        now = str(int(time.time()))
        code = hmac.new(b"signing key", f"{now}{token}".encode(), hashlib.sha256).hexdigest()
        signature = {"timestamp": now, "token": token, "signature": code}
        return json.dumps({"signature": signature, "event-data": event}).encode()

    def aws(self, message):
        fields = {
            "Type": "Notification", "MessageId": "m", "TopicArn": TOPIC, "Message": json.dumps(message),
            "Timestamp": "2026-11-22T09:00:00.000Z", "SignatureVersion": "2",
            "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
        }
        names = ("Message", "MessageId", "Timestamp", "TopicArn", "Type")
        text = "".join(f"{name}\n{fields[name]}\n" for name in names)
        signature = self.openssl("dgst", "-sha256", "-sign", self.keys / "sns.key", text=text.encode())
        return json.dumps({**fields, "Signature": base64.b64encode(signature).decode()}).encode()

    def test_webhooks(self):
        """Providers' news suppress; forged ones are refused and reported, repeated ones change nothing."""
        if not shutil.which("openssl"):
            raise unittest.SkipTest("openssl is missing")
        cluster, paths = self.sent(returns={"address": f"bounces@{DOMAIN}"})
        one, two, three, four, five = sorted(paths)[:5]
        bounce, signed = self.grid(
            {"event": "bounce", "type": "bounce", "email": one, "status": "5.1.1", "sg_event_id": "1"}
        )
        sender = {"sender": paths[two]}
        failed = self.gun("t1", id="2", event="failed", severity="permanent", recipient=two, envelope=sender)
        spam = json.dumps({"RecordType": "SpamComplaint", "ID": 3, "Email": three}).encode()
        login = {"Authorization": "Basic " + base64.b64encode(b"postrider:pass word").decode()}
        complained = {
            "notificationType": "Complaint", "mail": {"messageId": "4", "source": paths[four]},
            "complaint": {"complainedRecipients": [{"emailAddress": four}]},
        }
        amazon = self.aws(complained)
        # Each with a byte changed, or without its proof.
        forged = [
            ("grid", bounce.replace(one.encode(), five.encode()), signed), ("grid", bounce, {}),
            ("gun", failed.replace(b'"t1"', b'"t0"'), {}), ("mark", spam, {}),
            ("mark", spam, {"Authorization": "Basic cG9zdHJpZGVyOng="}),
            ("aws", amazon.replace(four.encode(), five.encode()), {}),
        ]
        for name, body, headers in forged:
            self.assertEqual(self.post(cluster, name, body, headers), 403, (name, body))
        self.assertEqual(self.post(cluster, "nobody", bounce, signed), 404)
        self.assertIn(self.post(cluster, "mark", b"x" * (3 << 20), login), (413, None))
        self.assertEqual(self.metrics(cluster), {"refused": len(forged) + 1})
        for _ in range(2):
            for name, body, headers in (
                ("grid", bounce, signed), ("gun", failed, {}), ("mark", spam, login), ("aws", amazon, {})
            ):
                self.assertEqual(self.post(cluster, name, body, headers), 200, name)
        self.assertEqual(self.metrics(cluster), {
            "refused": len(forged) + 1, "bounced": 2, "complained": 2, "suppressed": 4, "repeated": 4,
        })
        wait_until("each kind of refusal is logged", lambda: len(cluster.up.lines("return_refused")) >= 7, 30)
        said = json.dumps(cluster.up.lines("return_refused"))
        for address in paths:
            self.assertNotIn(address, said)
        self.check_second_campaign(cluster, [one, two, three, four])


class SigningTests(MailTest):
    def prepare(self, cluster):
        self.records = {}
        for name, algorithm in (("one", "rsa"), ("two", "ed25519")):
            words = ("--domain", "campaign.example", "--selector", name, "--algorithm", algorithm)
            key = cluster.json("dkim", "key", *words)
            self.records[key["name"]] = key["record"]
            cluster.settings.setdefault("dkim", {})[name] = {
                "domain": "campaign.example", "selector": name, "key_file": key["file"],
            }
        cluster.settings["relays"][0]["dkim"] = ["one", "two"]
        cluster.write_settings()

    def test_signed(self):
        """What a relay gets has two signatures, which dkimpy accepts; and nothing is sent that none would sign."""
        if dkim is None:
            raise unittest.SkipTest("dkimpy with PyNaCl is missing; scripts/test-peers fetches it")
        cluster, _ = self.sent()
        records = {f"{name}.".encode(): text.encode() for name, text in self.records.items()}
        for attempt in self.relay.attempts:
            for index in range(2):
                verifier = dkim.DKIM(attempt.content)
                self.assertTrue(verifier.verify(idx=index, dnsfunc=lambda name, timeout=5: records.get(name)))
        name = cluster.write_campaign("stranger", **{"from": "Eve <eve@elsewhere.example>"})
        cluster.command("campaign", "submit", name, expect=65)


if __name__ == "__main__":
    unittest.main()
