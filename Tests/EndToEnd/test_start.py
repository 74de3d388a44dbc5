"""What keeps a service from starting, or a command from being heard: the place and the remedy are named, and nothing changes."""

import hashlib
import re
import socket
import subprocess
import unittest

from harness import EndToEndTest, Process, programs

DATA = 65


class StartTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        # A relay that nobody ever speaks to.
        self.ours = self.cluster(25)

    def state(self):
        """Every file of the cluster's folder, but for logs and for the lock, which names its last holder."""
        return {
            str(path.relative_to(self.ours.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in self.ours.folder.rglob("*")
            if path.is_file() and path.suffix != ".log" and path.name != "coordinator.lock"
        }

    def ends(self, program, code, *patterns, arguments=()):
        """Runs a service that must end by itself, with every pattern in what it said."""
        name = f"postrider-{program}" if program else "postrider"
        words = [programs() / name, *arguments, "--config", self.ours.folder / "postrider.yaml"]
        process = Process(f"{name}-{len(list(self.ours.folder.glob('*.log')))}", words, self.ours.folder)
        self.addCleanup(process.kill)
        self.assertEqual(process.wait(), code, process.text())
        for pattern in patterns:
            self.assertRegex(process.text(), pattern)

    def taken_port(self):
        taken = socket.socket()
        self.addCleanup(taken.close)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        return taken.getsockname()[1]

    def test_a_port_in_use(self):
        for key, value in (("api_listen", "127.0.0.1:{}"), ("workers_listen", "tcp://127.0.0.1:{}")):
            with self.subTest(key):
                port = self.taken_port()
                before = dict(self.ours.settings["coordinator"])
                self.ours.settings["coordinator"][key] = value.format(port)
                self.ours.write_settings()
                state = self.state()
                self.ends("coordinator", 1, f"coordinator.{key}", str(port), "in use", "ss -ltnp")
                self.assertEqual(self.state(), state)
                self.ours.settings["coordinator"] = before
                self.ours.write_settings()

    def test_a_second_coordinator(self):
        first = self.ours.start_coordinator()
        state = self.state()
        self.ends("coordinator", 1, f"process {first.pid}", r"another coordinator uses \S+/data", "stop it first")
        self.assertEqual(self.state(), state)
        # The first has noticed nothing.
        self.ours.wait_ready()

    def test_a_second_up(self):
        first = self.ours.start_up(1)
        self.ends("", 1, f"process {first.pid}", r"another `postrider up` uses \S+/data", "stop it first", arguments=["up"])
        # The same address, but another folder: it is not ready because the first one is.
        other = self.cluster(25, name="other")
        other.settings["coordinator"]["api_listen"] = self.ours.settings["coordinator"]["api_listen"]
        other.write_settings()
        process = other._start("up", ["up"])
        self.assertEqual(process.wait(), 1, process.text())
        self.assertIn("api_listen", process.text())
        self.assertEqual([line for line in process.lines("ready") if "workers" in line], [])
        # The first has noticed nothing.
        self.ours.wait_ready()
        self.assertEqual([one["name"] for one in self.ours.worker_states()], ["local-1"])

    def test_settings_that_are_wrong(self):
        state = self.state()
        path = self.ours.folder / "postrider.yaml"
        good = path.read_text()
        for text, pattern in (
            ("data_dri: ./data\n", r"postrider.yaml:1:1: error: .*data_dri.*data_dir"),
            ("worker: { connections: 0 }\n", r"postrider.yaml:1:.*connections.*1 to 1024"),
        ):
            path.write_text(text)
            self.ends("coordinator", DATA, pattern)
            self.ends("worker", DATA, pattern, arguments=["--name", "w1"])
        path.write_text(good)
        self.assertEqual(self.state(), state)

    def test_a_coordinator_that_is_down(self):
        state = self.state()
        for words in (["campaign", "status"], ["workers"], ["worker", "add", "w9"], ["top", "--once"]):
            with self.subTest(" ".join(words)):
                self.refused(69, [rf"no coordinator answers at {self.ours.url}", "postrider up"], *words)
        self.assertEqual(self.state(), state)

    def test_a_token_that_is_wrong(self):
        self.ours.start_coordinator()
        campaign = self.ours.folder / "campaign.yaml"
        self.ours.write_campaign()
        strange = self.ours.folder / "strange.token"
        strange.write_text("0123456789abcdef0123456789abcdef\n")
        strange.chmod(0o600)
        for words in (["campaign", "submit", campaign.name], ["worker", "remove", "w1"], ["top", "--once"]):
            with self.subTest(" ".join(words)):
                self.refused(77, ["does not know the token in", "strange.token"], *words, "--token-file", strange)
        viewer = self.ours.folder / "tokens" / "viewer.token"
        words = ["campaign", "submit", campaign.name, "--token-file", viewer]
        self.refused(77, ["needs the role operator", "viewer.token", "--token-file takes another"], *words)
        self.assertEqual(self.ours.get("/v1/campaigns")["campaigns"], [])

    def refused(self, code, patterns, *words):
        result = subprocess.run(
            [programs() / "postrider", *words], cwd=self.ours.folder, env=self.ours.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60,
        )
        self.assertEqual(result.returncode, code, result.stderr)
        for pattern in patterns:
            self.assertTrue(re.search(pattern, result.stderr), f"{pattern} is not in: {result.stderr}")


if __name__ == "__main__":
    unittest.main()
