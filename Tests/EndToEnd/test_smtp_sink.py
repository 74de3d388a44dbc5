"""A whole campaign to Postfix's smtp-sink: everybody gets one message, the right one, in a form that others can read."""

import email.policy
import html
import os
import random
import re
import unittest
from datetime import datetime, timedelta, timezone
from email.parser import BytesParser

from harness import SMALL, EndToEndTest, free_ports, peer, wait_until

PEOPLE = 2_000 if SMALL else 20_000
PARSED = 200
# A debug build takes a tenth of it.
SEND_SECONDS = 600

# What personalising makes hard: letters outside ASCII and outside Latin, marks of HTML and of templates, long words.
FIRST_NAMES = [
    "Ann", "Bob", "Zoë", "José", "Nguyễn", "Łukasz", "Олена", "Ἀθηνᾶ", "李小龍", "محمد", "Siân", "D'Arcy", "😀 Smiley",
    "Anne-Sophie Élisabeth Françoise Geneviève Hélène Joséphine", "{{city}}", "<b>Bold</b>",
]
LAST_NAMES = ["Lee", "Müller", "O'Brien & Söhne", "Ødegård", "\"Jr\"", "García Márquez", "Öztürk", "van der Berg"]
CITIES = ["Des Moines", "Cañon City", "Łódź", "Київ", "São Paulo", "Ames"]
FOREIGN = "straße-und-weg"
ISSUES = ["jobs", "care", "schools"]

TEXT = "Dear {{first_name}} {{last_name}},\n\n.one line begins with a dot, = and ends in a blank \n%s\n\nYours, Ann = Ænn\n"
# Mostly not ASCII: quoted-printable would triple it.
CYRILLIC = "Добрый день, {{first_name}}! Мы строим новые больницы в городе {{city}} и ждём вас.\n" * 4
VARIANTS = {
    "jobs": {
        "when": "issue = 'jobs'",
        "subject": "{{first_name}}, good work in {{city}} – let’s talk",
        "text": TEXT % ("We want good work in {{city}}. " * 6),
        "html": "<p title=\"{{last_name}}\">Dear {{first_name}} {{last_name}},</p>\n<p>work in {{city}}: {{external_id}}</p>\n",
    },
    "care": {
        "when": "issue = 'care'",
        "subject": "Больницы: {{city}}",
        "text": CYRILLIC,
        "html": "<p>" + CYRILLIC.strip() + "</p>\n",
    },
    "rest": {
        "subject": "Your voice, {{first_name}} {{last_name}}",
        "text": TEXT % "Plain words for {{city}}.",
        "html": "<p>Dear {{first_name}}, plain words for {{city}}.</p>\n",
    },
}


def people(count):
    dice = random.Random(20_261_122)
    for number in range(count):
        domain = f"{FOREIGN}.example" if number % 500 == 7 else f"site{number % 40}.example"
        yield {
            "email": f"p{number}.x+tag@{domain}",
            "first_name": dice.choice(FIRST_NAMES),
            "last_name": dice.choice(LAST_NAMES),
            "city": dice.choice(CITIES),
            "issue": dice.choice(ISSUES),
            "external_id": f"V{number:06}",
        }


def on_the_wire(address):
    """The address as SMTP carries it: the domain in ASCII (IDNA 2008)."""
    return address.replace(FOREIGN, "xn--" + FOREIGN.encode("punycode").decode())


def rendered(template, person, escape=lambda value: value):
    return re.sub(r"{{(\w+)}}", lambda slot: escape(person[slot[1]]), template)


def escaped(value):
    # Postrider writes the apostrophe as a decimal number.
    return html.escape(value).replace("&#x27;", "&#39;")


def shorter_encoding(text):
    """A third of bytes outside ASCII is where quoted-printable becomes longer than base64."""
    octets = text.encode()
    return "base64" if sum(octet > 127 for octet in octets) * 3 > len(octets) else "quoted-printable"


def variant_of(person):
    return person["issue"] if person["issue"] in VARIANTS else "rest"


class Dump:
    """One file that smtp-sink wrote: its own lines, then the message as it came, lines ending in LF."""

    def __init__(self, path):
        self.raw = path.read_bytes()
        top, _, rest = self.raw.partition(b"Received: ")
        self.recipients = re.findall(rb"^X-Rcpt-Args: .*?<([^>]*)>", top, re.MULTILINE)
        self.senders = re.findall(rb"^X-Mail-Args: .*?<([^>]*)>", top, re.MULTILINE)
        # The sink's header has three lines, and it adds an empty line at the end.
        self.message = rest.split(b"\n", 3)[3].removesuffix(b"\n")
        self.head = self.message.partition(b"\n\n")[0]

    @property
    def message_ids(self):
        return re.findall(rb"^Message-ID: (.*)$", self.head, re.MULTILINE)


class SMTPSinkTests(EndToEndTest):
    def start_sink(self):
        sink = peer("smtp-sink")
        port = free_ports(1)[0]
        dumps = self.folder / "dumps"
        dumps.mkdir()
        words = [sink, "-4", "-d", f"{dumps}/mail.", "-m", "512"]
        if os.geteuid() == 0:
            # As root it wants to become somebody else, who must be able to write here.
            self.folder.chmod(0o711)
            dumps.chmod(0o777)
            words += ["-u", "nobody"]
        process = self.start("smtp-sink", [*words, f"127.0.0.1:{port}", "512"])

        def listens():
            self.assertTrue(process.is_running, process.last_words())
            # A state, not a connection: the sink would log one.
            wanted = f"0100007F:{port:04X} 00000000:0000 0A"
            with open("/proc/net/tcp") as table:
                return wanted in table.read()

        wait_until("smtp-sink listens", listens)
        return port, dumps

    def test_everybody_gets_one_message_and_the_right_one(self):
        port, dumps = self.start_sink()
        cluster = self.cluster(port)
        cluster.start_up(2)
        everyone = {on_the_wire(person["email"]): person for person in people(PEOPLE)}
        imported = cluster.import_contacts(everyone.values())
        self.assertEqual((imported["created"], imported["rejected"]), (PEOPLE, 0), imported)

        began = datetime.now(timezone.utc).replace(microsecond=0)
        campaign = cluster.submit(
            **{"from": "Ann Müller <ann@campaign.example>"},
            reply_to="hello@campaign.example",
            variants=[{"name": name, **keys} for name, keys in VARIANTS.items()],
        )
        status = cluster.wait_finished(campaign, SEND_SECONDS)
        ended = datetime.now(timezone.utc)
        targets = cluster.targets(campaign)
        cluster.stop()

        with self.subTest("the counts sum to the audience, and everybody's message was accepted"):
            self.check_counts(status)
            self.assertEqual(status["audience"], PEOPLE)
            self.assertEqual(status["counts"]["accepted"], PEOPLE, status)
            self.assertEqual(status["sent_twice"], 0)
        with self.subTest("the ledger names everybody, with the variant of their issue and one attempt"):
            self.assertEqual(len(targets), PEOPLE)
            wrong = [
                row
                for row in targets
                if (row["outcome"], row["attempts"]) != ("accepted", 1)
                or row["variant"] != variant_of(everyone[row["address"]])
            ]
            self.assertEqual(wrong[:3], [])
        mails = [Dump(path) for path in dumps.iterdir()]
        with self.subTest("the relay saw every address exactly once"):
            self.assertEqual(len(mails), PEOPLE)
            self.assertEqual(
                sorted(mail.recipients for mail in mails), sorted([address.encode()] for address in everyone)
            )
        with self.subTest("every message has a Message-ID of its own"):
            identities = [identity for mail in mails for identity in mail.message_ids]
            self.assertEqual(len(identities), PEOPLE)
            self.assertEqual(len(set(identities)), PEOPLE)
            wrong = [one for one in identities if not re.fullmatch(rb"<[a-z2-7]{26}@campaign\.example>", one)]
            self.assertEqual(wrong[:3], [])
        chosen = random.Random(1).sample(mails, min(PARSED, len(mails)))
        encodings = set()
        for mail in chosen:
            address = mail.recipients[0].decode()
            with self.subTest(address):
                self.check_message(mail, address, everyone[address], began, ended, encodings)
        with self.subTest("both transfer encodings occur"):
            self.assertEqual(encodings, {"quoted-printable", "base64"})
        print(f"  {PEOPLE} people, {len(mails)} messages at the relay, {len(chosen)} parsed", flush=True)

    def check_message(self, mail, address, person, began, ended, encodings):
        raw = mail.message
        # The sink turns CRLF to LF, so that a CR that is left stood alone.
        self.assertNotIn(b"\r", raw)
        self.assertTrue(raw.isascii())
        self.assertLessEqual(max(map(len, raw.split(b"\n"))), 78)
        message = BytesParser(policy=email.policy.default).parsebytes(raw)
        defects = list(message.defects)
        for part in message.walk():
            defects += part.defects
            for value in part.values():
                defects += value.defects
        self.assertEqual(defects, [])

        headers = [name.lower() for name in message.keys()]
        self.assertEqual(len(headers), len(set(headers)), "a header occurs twice")
        self.assertEqual(mail.senders, [b"ann@campaign.example"])
        sender = message["From"].addresses
        self.assertEqual([(one.display_name, one.addr_spec) for one in sender], [("Ann Müller", "ann@campaign.example")])
        self.assertEqual([one.addr_spec for one in message["To"].addresses], [address])
        self.assertEqual([one.addr_spec for one in message["Reply-To"].addresses], ["hello@campaign.example"])
        variant = VARIANTS[variant_of(person)]
        self.assertEqual(str(message["Subject"]), rendered(variant["subject"], person))
        self.assertTrue(began <= message["Date"].datetime <= ended + timedelta(seconds=1), message["Date"])
        self.assertEqual(message["MIME-Version"].version, "1.0")
        self.assertEqual(message.get_content_type(), "multipart/alternative")

        parts = list(message.iter_parts())
        self.assertEqual([part.get_content_type() for part in parts], ["text/plain", "text/html"])
        for part, template, escape in zip(parts, (variant["text"], variant["html"]), (lambda value: value, escaped)):
            self.assertEqual(part.get_content_charset(), "utf-8")
            encoding = part["Content-Transfer-Encoding"].cte
            encodings.add(encoding)
            text = rendered(template, person, escape)
            self.assertEqual(encoding, shorter_encoding(text))
            self.assertEqual(part.get_content().replace("\r\n", "\n"), text)


if __name__ == "__main__":
    unittest.main()
