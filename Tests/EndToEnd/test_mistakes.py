"""Every mistake of an operator is caught: the error names the place and the remedy, has its exit code, and changes nothing."""

import gzip
import json
import re
import socket
import sqlite3
import subprocess
import unittest
from datetime import datetime, timedelta, timezone

from harness import EndToEndTest, Process, programs

FAILED, DATA, UNREACHABLE, NOT_ALLOWED = 1, 65, 69, 77

GOOD = "email,first_name,city\nann@site.example,Ann,Ames\nbob@site.example,Bob,Boone\n"

# What is written without anybody having done anything: when a token was used last, and how far clocks came.
RESTLESS = {"token", "worker", "meta"}
# An import that was refused leaves its trace: that it was begun, by whom, and that it was taken back.
TRACES = {"audit", "import", "import_created", "source", "request"}


class MistakesTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        # A relay that nobody ever speaks to.
        self.ours = self.cluster(25)
        self.folder_of = self.ours.folder
        self.write("good.csv", GOOD)

    # What there is

    def write(self, name, content):
        path = self.folder_of / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return name

    def content(self):
        """Every row of the database."""
        path = self.folder_of / "data" / "postrider.sqlite"
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        rows = {
            table: sorted(map(repr, connection.execute(f'SELECT * FROM "{table}"')))
            for table in tables
            if table not in RESTLESS | TRACES
        }
        connection.close()
        return rows

    def refused(self, code, patterns, *words):
        """A command that must fail, with every pattern in what it says, and nothing on stdout."""
        result = subprocess.run(
            [programs() / "postrider", *words], cwd=self.folder_of, env=self.ours.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60,
        )
        said = f"postrider {' '.join(map(str, words))}: exit code {result.returncode}: {result.stderr}"
        self.assertEqual(result.returncode, code, said)
        self.assertEqual(result.stdout, "", said)
        for pattern in patterns:
            self.assertTrue(re.search(pattern, result.stderr), f"'{pattern}' is not in: {said}")
        # Sentences, and none of a program's innards.
        self.assertNotRegex(result.stderr, r"Optional\(|StoreError|Fatal|NSCocoa|Swift\.", said)

    def service_ends(self, code, *patterns):
        words = [programs() / "postrider-coordinator", "--config", self.folder_of / "postrider.yaml"]
        process = Process(f"second-{len(list(self.folder_of.glob('*.log')))}", words, self.folder_of)
        self.addCleanup(process.kill)
        self.assertEqual(process.wait(), code, process.text())
        for pattern in patterns:
            self.assertRegex(process.text(), pattern)

    # The mistakes

    def test_all_of_them(self):
        self.ours.start_coordinator()
        self.ours.command("contacts", "import", "good.csv", "--list", "everyone")
        approved = self.approved_for_later()
        before = self.content()
        self.check_files()
        self.check_campaigns()
        self.check_conditions()
        self.check_token()
        self.check_second_coordinator()
        self.assertEqual(self.content(), before)
        self.ours.coordinator.stop()
        self.check_settings()
        self.check_port()
        self.check_down()
        self.assertEqual(self.content(), before)
        self.check_expired_approval(approved)

    def check_files(self):
        self.write("empty.csv", "")
        (self.folder_of / "folder").mkdir()
        self.write("names.csv", "first_name,city\nAnn,Ames\n")
        self.write("bomb.csv.gz", gzip.compress(b"email\n" + b"a@b.example\n" * 4_000_000))
        self.write("nobody.csv", "email\nnot an address\n@\n")
        mistakes = [
            ("missing.csv", ["missing.csv", "No such file"]),
            ("folder", ["folder"]),
            ("empty.csv", ["empty"]),
            ("names.csv", ["address"]),
            ("bomb.csv.gz", ["100 times", "unpack it yourself"]),
        ]
        for name, patterns in mistakes:
            with self.subTest(f"import {name}"):
                self.refused(DATA, patterns, "contacts", "import", name, "--list", "everyone")
        for name, patterns in mistakes[:3] + [("nobody.csv", ["no"])]:
            with self.subTest(f"suppress import {name}"):
                self.refused(DATA, patterns, "suppress", "import", name)
        for words in (["campaign", "check"], ["campaign", "plan"], ["campaign", "submit"]):
            with self.subTest(" ".join(words)):
                self.refused(DATA, ["missing.yaml", "does not exist"], *words, "missing.yaml")
                self.refused(DATA, ["folder"], *words, "folder")
                self.refused(DATA, ["empty.csv"], *words, "empty.csv")
        with self.subTest("a mapping file"):
            self.refused(DATA, ["missing.yaml"], "contacts", "import", "good.csv", "--map", "missing.yaml")
            self.write("map.yaml", "colums: {email: 1}\n")
            self.refused(DATA, [r"map.yaml:1:1", "columns"], "contacts", "import", "good.csv", "--map", "map.yaml")
        with self.subTest("a returned mail"):
            self.refused(DATA, ["missing.eml", "No such file"], "bounces", "classify", "missing.eml")

    def check_campaigns(self):
        text = {"name": "all", "subject": "s"}
        self.write("long.txt", "x" * 500_000)
        for keys, patterns in [
            # An unknown field names the nearest, a bad expression its column, a bad key the right one, a bad value what is allowed.
            ({"variants": [{**text, "text": "Hi {{fist_name}}"}]}, [r"wrong.yaml:\d+:\d+", "fist_name", "first_name"]),
            ({"audience": "citty = 'Ames'"}, [r"wrong.yaml:\d+:\d+", "citty", "city", "column 1"]),
            ({"audience": "city = 'Ames"}, [r"wrong.yaml:\d+:\d+", "no closing '", "column 8"]),
            ({"audience": {"list": "evryone"}}, [r"wrong.yaml:\d+:\d+", "list"]),
            ({"audiences": ""}, [r"wrong.yaml:\d+:\d+", 'did you mean "audience"']),
            ({"weight": 1_000}, [r"wrong.yaml:\d+:\d+", "weight", "1 to 100"]),
            ({"budget": {"max_messages": 0}}, [r"wrong.yaml:\d+:\d+", "budget.max_messages", "from 1"]),
            ({"budget": {"max_cost": 1.0}}, [r"wrong.yaml:\d+:\d+", "budget.max_cost", "main has no cost_per_message"]),
            (
                {"variants": [{"name": f"a{arm}", "subject": "s", "text_file": "long.txt"} for arm in range(9)]},
                [r"wrong.yaml:\d+:\d+", "variants", "at most 4128768"],
            ),
            ({"schedule": {"window": "9-20"}}, [r"wrong.yaml:\d+:\d+", "schedule.window", "HH:MM-HH:MM"]),
            ({"caps": ["3 a week"]}, [r"wrong.yaml:\d+:\d+", "caps", "3/7d"]),
            ({"relay": "mian"}, [r"wrong.yaml:\d+:\d+", "mian", "main"]),
            ({"variants": [{**text, "text_file": "missing.txt"}]}, ["missing.txt", r"wrong.yaml:\d+"]),
        ]:
            name = self.ours.write_campaign("wrong", **keys)
            for command in ("check", "plan", "submit"):
                with self.subTest(f"{command} {keys}"):
                    self.refused(DATA, patterns, "campaign", command, name)
        with self.subTest("not YAML"):
            self.write("torn.yaml", "name: [a\n")
            self.refused(DATA, [r"torn.yaml:\d+:\d+"], "campaign", "submit", "torn.yaml")
        for words in (["approve"], ["start"], ["status"], ["report"], ["retry", "--outcome", "bounced"]):
            with self.subTest(f"{words} of a campaign that is not there"):
                self.refused(FAILED, ["c999"], "campaign", words[0], "c999", *words[1:])

    def check_conditions(self):
        self.refused(DATA, ["1:1", "citty", "did you mean 'city'"], "segment", "define", "x", "citty = 'Ames'")
        self.refused(DATA, ["city"], "segment", "count", "city = 'Ames'", "--by", "citty")
        self.refused(64, ["role"], "token", "add", "ann", "--role", "king")

    def check_token(self):
        strange = self.folder_of / "strange.token"
        strange.write_text("0123456789abcdef0123456789abcdef\n")
        strange.chmod(0o600)
        name = self.ours.write_campaign("right")
        patterns = ["does not know the token in", "strange.token"]
        self.refused(NOT_ALLOWED, patterns, "campaign", "submit", name, "--token-file", strange)
        self.refused(NOT_ALLOWED, patterns, "contacts", "import", "good.csv", "--token-file", strange)
        viewer = self.folder_of / "tokens" / "viewer.token"
        patterns = ["needs the role operator", "viewer.token", "--token-file takes another"]
        self.refused(NOT_ALLOWED, patterns, "campaign", "submit", name, "--token-file", viewer)
        missing = self.folder_of / "no.token"
        self.refused(64, ["no.token", "--token-file names another"], "campaign", "submit", name, "--token-file", missing)

    def check_second_coordinator(self):
        pid = self.ours.coordinator.pid
        self.service_ends(FAILED, f"process {pid}", r"another coordinator uses \S+/data", "stop it first")
        self.ours.wait_ready()

    def check_settings(self):
        path = self.folder_of / "postrider.yaml"
        good = path.read_text()
        for text, pattern in [
            ("data_dri: ./data\n", r"postrider.yaml:1:1: error: .*data_dri.*data_dir"),
            ("worker: { connections: 0 }\n", r"postrider.yaml:1:.*connections.*1 to 1024"),
            ('throttles: ["fast"]\n', r"postrider.yaml:1:.*throttles.*fast.*200/s"),
            ("test_addresses: [me]\n", r"postrider.yaml:1:.*test_addresses.*me.*NAME@DOMAIN"),
        ]:
            path.write_text(text)
            self.service_ends(DATA, pattern)
            self.refused(DATA, [pattern], "campaign", "status")
        path.write_text(good)

    def check_port(self):
        with socket.socket() as taken:
            # Connections of before linger there.
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(("127.0.0.1", self.ours.api_port))
            taken.listen()
            self.service_ends(FAILED, "coordinator.api_listen", str(self.ours.api_port), "in use", "ss -ltnp")

    def check_down(self):
        name = self.ours.write_campaign("right")
        patterns = [f"no coordinator answers at {self.ours.url}", "postrider up"]
        for words in (["campaign", "submit", name], ["contacts", "import", "good.csv"], ["campaign", "status"]):
            self.refused(UNREACHABLE, patterns, *words)

    def approved_for_later(self):
        """A campaign that was approved, and starts in an hour."""
        later = datetime.now(timezone.utc) + timedelta(hours=1)
        schedule = {"start": later.strftime("%Y-%m-%dT%H:%M"), "home_timezone": "UTC"}
        identity = self.ours.submit("later", schedule=schedule)
        self.assertEqual(self.ours.status(identity)["state"], "approved")
        return identity

    def check_expired_approval(self, identity):
        # Weeks pass.
        connection = sqlite3.connect(self.folder_of / "data" / "postrider.sqlite")
        with connection:
            connection.execute("UPDATE campaign SET approved_at = approved_at - 8 * 86400000")
        connection.close()
        self.ours.start_coordinator()
        before = self.content()
        self.refused(FAILED, [identity, "expired", "approve"], "campaign", "start", identity)
        self.assertEqual(self.content(), before)
        self.assertEqual(self.ours.status(identity)["state"], "approved")
        self.assertEqual(json.loads(self.ours.command("campaign", "targets", identity, "--json") or "[]"), [])


if __name__ == "__main__":
    unittest.main()
