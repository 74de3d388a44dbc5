"""`postrider doctor` finds each thing that is wrong, says what to do, and finds nothing where nothing is; `top` in a terminal."""

import contextlib
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import threading
import time
import unittest
from pathlib import Path

import fcntl
import termios

from harness import COMMAND_SECONDS, EndToEndTest, programs, wait_until

PEOPLE = 200


class DoctorTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        sink = self.start("sink", [programs() / "postrider", "sink", "--listen", "127.0.0.1:0", "--json"])
        place = sink.wait_for_line("the sink listens", lambda line: "listening" in line)["listening"]
        self.port = int(place.rsplit(":", 1)[1])
        self.ours = self.cluster(self.port)

    def doctor(self, code=0, folder=None):
        """What doctor finds, as dictionaries."""
        result = subprocess.run(
            [programs() / "postrider", "doctor", "--json"], cwd=folder or self.ours.folder, env=self.ours.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=COMMAND_SECONDS,
        )
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        report = json.loads(result.stdout.splitlines()[0])
        self.assertEqual(report["ok"], code == 0)
        for finding in report["findings"]:
            self.assertEqual(set(finding), {"check", "state", "text", "remedy"})
            if finding["state"] == "wrong":
                self.assertTrue(finding["remedy"], finding)
        self.said = result.stdout + result.stderr
        return report["findings"]

    def wrong(self, findings):
        return [f"{one['check']}: {one['text']}" for one in findings if one["state"] == "wrong"]

    def send_campaign(self):
        self.ours.start_coordinator()
        self.ours.start_worker("w1")
        self.ours.import_contacts({"email": f"p{number}@site{number % 5}.example"} for number in range(PEOPLE))
        campaign = self.ours.submit(variants=[{"name": "all", "subject": "Hello", "text": "Hello.\n"}])
        self.ours.wait_finished(campaign)
        return campaign

    def test_a_cluster_in_order(self):
        self.send_campaign()
        findings = self.doctor()
        states = {(one["check"], one["state"]) for one in findings}
        for check in ("settings", "keys", "tokens", "data", "disk", "clock", "database", "counts", "time_zones", "relay",
                      "coordinator", "worker"):
            self.assertTrue({(check, "ok"), (check, "note")} & states, check)
        for check in ("counts", "database", "relay", "worker"):
            self.assertIn((check, "ok"), states)
        # Nothing secret is printed.
        for path in [*self.ours.folder.glob("tokens/*.token"), *self.ours.folder.glob("keys/*.key")]:
            for word in path.read_text().split():
                if len(word) >= 32:
                    self.assertNotIn(word, self.said)
        self.assertNotIn("@site", self.said)
        with self.subTest("for people"):
            text = self.ours.command("doctor")
            self.assertRegex(text, r"(?m)^ok     database +the file is whole$")
        with self.subTest("while the coordinator is down"):
            self.ours.stop()
            findings = self.doctor()
            self.assertIn("no coordinator answers", " ".join(one["text"] for one in findings if one["state"] == "note"))
            self.assertIn(("ports", "ok"), {(one["check"], one["state"]) for one in findings})

    def test_each_thing_that_can_be_wrong(self):
        self.send_campaign()
        self.ours.stop()

        def listen():
            # Something that is no coordinator: takes connections, and says nothing.
            taken = socket.create_server(("127.0.0.1", self.ours.api_port))
            self.addCleanup(taken.close)

            def serve():
                with contextlib.suppress(OSError):
                    while True:
                        taken.accept()[0].close()

            threading.Thread(target=serve, daemon=True).start()

        def sql(statement):
            def change():
                with sqlite3.connect(self.folder / "one/data/postrider.sqlite") as connection:
                    connection.execute(statement)
                connection.close()
            return change

        def damage():
            path = self.folder / "one/data/postrider.sqlite"
            with sqlite3.connect(path) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'target'").fetchone()[0]
                size = connection.execute("PRAGMA page_size").fetchone()[0]
            connection.close()
            with open(path, "r+b") as file:
                file.seek((page - 1) * size)
                file.write(b"\xff" * 64)

        def settings(**keys):
            def change():
                (self.folder / "one/postrider.yaml").write_text(json.dumps({**self.ours.settings, **keys}))
            return change

        def relay(**keys):
            return settings(relays=[{"name": "main", "url": f"smtp://127.0.0.1:{self.port}", **keys}])

        one = self.folder / "one"
        cases = {
            "a token that others may read": (
                lambda: (one / "tokens/operator.token").chmod(0o644), "tokens: .*operator.token.*others may read it"
            ),
            "a foreign public key": (
                lambda: (one / "keys/coordinator.pub").write_text(f"public {'0' * 39}1\n"), "keys: .*coordinator.pub"
            ),
            "a broken allow-list": (
                lambda: (one / "keys/workers.allow").write_text("w1\n"), r"keys: .*workers.allow:1: expected NAME and KEY"
            ),
            "settings that others may change": (
                lambda: (one / "postrider.yaml").chmod(0o666), "settings: others may change .*postrider.yaml"
            ),
            "a wrong value": (settings(orphan_grace="0s"), "settings: .*orphan_grace"),
            "a relay that is not there": (relay(url="smtp://127.0.0.1:1"), "relay: main: 127.0.0.1:1: cannot connect"),
            "a relay without TLS": (relay(tls="required"), "relay: main: .*offers no STARTTLS"),
            "a damaged database": (damage, "database: .*damaged"),
            "a count that is not the ledger's": (
                sql("UPDATE lane SET accepted = accepted - 1 WHERE lane = (SELECT max(lane) FROM lane WHERE accepted > 0)"),
                r"counts: c1: lane \d+ keeps"
            ),
            "an outcome that is not in the ledger": (
                sql("DELETE FROM ledger WHERE lane = (SELECT max(lane) FROM ledger) AND position = (SELECT max(position) FROM ledger"
                    " WHERE lane = (SELECT max(lane) FROM ledger))"),
                "counts: c1: 1 outcomes of targets are not"
            ),
            "a newer program's database": (sql("UPDATE schema_version SET version = 9999"), "database: a newer program"),
            "a clock that was set back": (
                sql("UPDATE audit SET at = at + 86400000"), "clock: this machine's clock was set back"
            ),
            "a port in use": (listen, f"ports: coordinator.api_listen .*:{self.ours.api_port} .*in use by another program"),
            "a key of links that is lost": (
                lambda: (one / "keys/unsubscribe.key").unlink(), "keys: .*unsubscribe.key is missing: .*no link"
            ),
            "a time zone that is none": (settings(timezone="Mars/Base"), "time_zones: .*Mars/Base"),
        }
        for name, (break_it, pattern) in cases.items():
            with self.subTest(name):
                shutil.rmtree(one, ignore_errors=True)
                # Renamed, not copied: a copied data folder is wrong by itself.
                self.ours.folder.rename(one)
                kept = {path: path.read_bytes() for path in one.rglob("*") if path.is_file()}
                modes = {path: path.stat().st_mode for path in kept}
                try:
                    break_it()
                    found = self.wrong(self.doctor(1, folder=one))
                    self.assertTrue(any(re.search(pattern, text) for text in found), f"{pattern}: {found}")
                finally:
                    for path, content in kept.items():
                        path.write_bytes(content)
                        path.chmod(modes[path])
                    for path in one.glob("data/postrider.sqlite-*"):
                        if path not in kept:
                            path.unlink()
                    one.rename(self.ours.folder)
        with self.subTest("a copied data folder"):
            shutil.copytree(self.ours.folder, one)
            self.assertRegex("\n".join(self.wrong(self.doctor(1, folder=one))), "data: .*copied|data: .*restored")


    def test_a_lost_key_of_links_stops_the_start_until_somebody_begins_anew(self):
        self.ours.start_coordinator()
        self.ours.stop()
        key = self.ours.folder / "keys/unsubscribe.key"
        old = key.read_text()
        key.unlink()

        def coordinator(*arguments):
            result = subprocess.run(
                [programs() / "postrider-coordinator", "--config", "postrider.yaml", *arguments], cwd=self.ours.folder,
                env=self.ours.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                timeout=COMMAND_SECONDS,
            )
            return result.returncode, result.stdout + result.stderr

        code, said = coordinator()
        self.assertEqual(code, 1, said)
        self.assertRegex(said, "unsubscribe.key is missing: .*--new-unsubscribe-key")
        self.assertFalse(key.exists())
        code, said = coordinator("--new-unsubscribe-key")
        self.assertEqual(code, 0, said)
        self.assertNotEqual(key.read_text(), old)
        self.assertEqual(self.wrong(self.doctor()), [])


class TopTest(EndToEndTest):
    def test_a_terminal_and_a_snapshot(self):
        ours = self.cluster(25)
        ours.start_coordinator()
        ours.start_worker("w1")
        self.assertRegex(ours.command("top"), r"(?m)^w1 +connected")
        told = ours.json("top")
        self.assertEqual(set(told), {"at", "build", "restored", "campaigns", "lanes", "relays", "workers"})
        for end in (b"q", signal.SIGINT, signal.SIGTERM):
            with self.subTest(str(end)):
                self.live(ours, end)

    def live(self, ours, end):
        """Runs it in a terminal of its own, changes the terminal's size, ends it, and looks at what it left behind."""
        leader, follower = pty.openpty()
        self.addCleanup(os.close, leader)
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        before = termios.tcgetattr(follower)
        process = subprocess.Popen(
            [programs() / "postrider", "top"], cwd=ours.folder, env={**ours.environment, "TERM": "xterm"},
            stdin=follower, stdout=follower, stderr=follower, start_new_session=True,
        )
        self.addCleanup(process.kill)
        seen = self.read_until(leader, b"w1")
        self.assertIn(b"\x1b[?1049h", seen)
        # Ctrl-Z gives the terminal back, too.
        process.send_signal(signal.SIGTSTP)
        self.read_until(leader, b"\x1b[?1049l")
        wait_until("top is stopped", lambda: self.state_of(process) == "T")
        self.assertEqual(termios.tcgetattr(follower), before)
        process.send_signal(signal.SIGCONT)
        self.read_until(leader, b"\x1b[?1049h")
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 12, 40, 0, 0))
        process.send_signal(signal.SIGWINCH)
        # A frame begins at the top left; the one after the next is of the new size for certain.
        for _ in range(3):
            frame = self.read_until(leader, b"\x1b[J")
        # The terminal puts a return of its own before each line end.
        lines = [line.rstrip("\r") for line in re.sub(rb"\x1b\[[?0-9;]*[A-Za-z]", b"", frame).decode().split("\r\n")]
        self.assertLessEqual(len(lines), 12)
        self.assertLessEqual(max(map(len, lines)), 40)
        if isinstance(end, bytes):
            os.write(leader, end)
        else:
            process.send_signal(end)
        self.assertEqual(process.wait(30), 0)
        rest = self.read_until(leader, b"\x1b[?1049l")
        self.assertIn(b"\x1b[?25h", rest)
        self.assertEqual(termios.tcgetattr(follower), before)
        os.close(follower)

    def state_of(self, process):
        return Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]

    def read_until(self, descriptor, wanted, seconds=60):
        seen = b""
        deadline = time.monotonic() + seconds
        while wanted not in seen:
            ready, _, _ = select.select([descriptor], [], [], max(0, deadline - time.monotonic()))
            self.assertTrue(ready, f"{wanted} did not come: {seen[-500:]}")
            seen += os.read(descriptor, 1 if wanted == b"\x1b[J" else 4_096)
        return seen


if __name__ == "__main__":
    unittest.main()
