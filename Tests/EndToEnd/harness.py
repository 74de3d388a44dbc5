"""What the end-to-end tests share: a cluster of real processes in a folder of its own, and people to write to.

A test derives from `EndToEndTest` and asks it for clusters and other processes; whatever was started is ended with the
test. All ports are free ones of 127.0.0.1, every wait has a limit, and a test that fails keeps its folder with all logs.

POSTRIDER_BIN          folder of the three programs (default: what `swift build` made last in debug mode)
POSTRIDER_TEST_PEERS   folder of programs that others wrote, made by scripts/test-peers
POSTRIDER_SMALL=1      fewer people, for a machine with little time
"""

import atexit
import csv
import functools
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SMALL = os.environ.get("POSTRIDER_SMALL") == "1"

# Long enough for debug programs on a machine with other work; a test that hangs must end by itself.
READY_SECONDS = 60
COMMAND_SECONDS = 120
# A worker may take 30 s to drain, and `up` gives its workers a little longer before it kills them.
STOP_SECONDS = 45
POLL_SECONDS = 0.1
PORT_ATTEMPTS_MAX = 200

OUTCOMES = (
    "pending", "leased", "deferred", "accepted", "bounced", "suppressed", "in_doubt", "expired", "cancelled", "failed",
)


class TooLate(AssertionError):
    """Something did not happen in time."""


class CommandFailure(AssertionError):
    """A command ended with another exit code than was expected."""

    def __init__(self, message, code, output, errors):
        super().__init__(message)
        self.code = code
        self.output = output
        self.errors = errors


@functools.lru_cache(maxsize=1)
def programs():
    """The folder of the programs under test."""
    named = os.environ.get("POSTRIDER_BIN")
    if not named:
        named = subprocess.run(
            ["swift", "build", "--show-bin-path"], cwd=REPOSITORY, check=True, stdout=subprocess.PIPE, text=True
        ).stdout.strip()
    folder = Path(named).resolve()
    for name in ("postrider", "postrider-coordinator", "postrider-worker"):
        if not os.access(folder / name, os.X_OK):
            raise FileNotFoundError(f"{folder / name} is missing; `swift build` makes it, or POSTRIDER_BIN says where")
    return folder


def peer(name):
    """The path of a program that others wrote; skips the test when it is missing."""
    folder = os.environ.get("POSTRIDER_TEST_PEERS")
    path = Path(folder) / name if folder else None
    if path is None or not os.access(path, os.X_OK):
        raise unittest.SkipTest(f"{name} is missing; scripts/test-peers fetches it")
    return path


def free_ports(count):
    """Ports that nobody uses now, each given once.

    They lie below those that Linux gives to whoever asks for any (32768 and up): a service that was killed finds its port
    again, and neither another program nor the near end of a connection sits on it meanwhile.
    """
    found = []
    for _ in range(PORT_ATTEMPTS_MAX):
        port = random.randrange(20_000, 32_000)
        with socket.socket() as one:
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in _given_ports:
            _given_ports.add(port)
            found.append(port)
        if len(found) == count:
            return found
    raise TooLate("no port of 20000 to 32000 is free")


_given_ports = set()


def wait_until(what, condition, seconds=READY_SECONDS, describe=lambda: ""):
    """Waits for `condition` to return something true, and returns it."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise TooLate(f"not within {seconds} s: {what} {describe()}".rstrip())
        time.sleep(POLL_SECONDS)


# Whatever ends the test's own process, what it started ends with it: unittest runs no clean-up after Ctrl-C.
_running = set()


@atexit.register
def _kill_what_is_left():
    for process in list(_running):
        process.kill()


def _interrupt(*_):
    raise KeyboardInterrupt


signal.signal(signal.SIGTERM, _interrupt)


class Process:
    """One running program with a log file for its output."""

    def __init__(self, name, arguments, folder, environment=None):
        self.name = name
        self.log = Path(folder) / f"{name}.log"
        self.arguments = [str(word) for word in arguments]
        # A process that is started again goes on in the same log.
        with open(self.log, "ab") as output:
            # A session of its own: Ctrl-C reaches the test, which ends everything in order.
            self._process = subprocess.Popen(
                self.arguments,
                cwd=folder,
                env=environment or os.environ.copy(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        _running.add(self._process)

    @property
    def pid(self):
        return self._process.pid

    @property
    def is_running(self):
        return self.exit_code is None

    @property
    def exit_code(self):
        """As Python's subprocess gives it: negative for a signal, None while it runs."""
        code = self._process.poll()
        if code is not None:
            _running.discard(self._process)
        return code

    def send(self, number):
        """Sends a signal, unless the process is gone."""
        if self.is_running:
            self._process.send_signal(number)

    def kill(self):
        """Ends the process as a power cut would."""
        self.send(signal.SIGKILL)
        self.wait()

    def wait(self, seconds=STOP_SECONDS):
        try:
            code = self._process.wait(seconds)
            _running.discard(self._process)
            return code
        except subprocess.TimeoutExpired:
            raise TooLate(f"{self.name} did not end within {seconds} s:\n{self.last_words()}") from None

    def stop(self, number=signal.SIGTERM, seconds=STOP_SECONDS):
        """Asks the process to end; killed, and a failure, when it does not. Returns the exit code."""
        self.send(number)
        try:
            return self.wait(seconds)
        except TooLate:
            self.kill()
            raise

    def text(self):
        return self.log.read_text(errors="replace")

    def lines(self, event=None):
        """The JSON objects of the log, or those of one event."""
        found = []
        for text in self.text().splitlines():
            try:
                line = json.loads(text)
            except ValueError:
                continue
            if isinstance(line, dict) and (event is None or line.get("event") == event):
                found.append(line)
        return found

    def last_words(self, count=15):
        return "\n".join(self.text().splitlines()[-count:])

    def wait_for_line(self, what, is_wanted, seconds=READY_SECONDS):
        """Waits for a JSON line of the log."""

        def look():
            # Before the log is read, so that the last lines of a process that ended are seen.
            ended = not self.is_running
            for line in self.lines():
                if is_wanted(line):
                    return line
            if ended:
                raise TooLate(f"{self.name} ended (exit code {self.exit_code}) before: {what}\n{self.last_words()}")
            return None

        return wait_until(what, look, seconds, lambda: f"in the log of {self.name}:\n{self.last_words()}")


class Cluster:
    """A coordinator and workers in a folder of their own; see `EndToEndTest.cluster`."""

    def __init__(self, folder, relay, *, relay_keys=None, settings=None, environment=None):
        """
        relay        where the relay listens: a port of 127.0.0.1, or a URL
        relay_keys   further keys of the relay, such as {"retries": {"delays": ["1s"]}}
        settings     further keys of postrider.yaml; a key that is a mapping there is merged, others are replaced
        """
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.environment = {
            key: value
            for key, value in {**os.environ, **(environment or {})}.items()
            if key not in ("POSTRIDER_CONFIG", "POSTRIDER_URL", "POSTRIDER_TOKEN")
        }
        self.processes = []
        self.up = None
        self.coordinator = None
        self.workers = {}
        self.command("init", "--dir", ".")
        self.workers_port, self.api_port, self.public_port = free_ports(3)
        url = f"smtp://127.0.0.1:{relay}" if isinstance(relay, int) else relay
        self.settings = {
            "data_dir": "./data",
            "coordinator": {
                "workers_listen": f"tcp://127.0.0.1:{self.workers_port}",
                "api_listen": f"127.0.0.1:{self.api_port}",
                "public_listen": f"127.0.0.1:{self.public_port}",
            },
            "worker": {"coordinator": f"tcp://127.0.0.1:{self.workers_port}", "connections": 8},
            "relays": [{"name": "main", "channel": "email", "url": url, **(relay_keys or {})}],
            "sites": {"default": {"connections": 200}},
            "approval": "two_person",
        }
        for key, value in (settings or {}).items():
            if isinstance(value, dict) and isinstance(self.settings.get(key), dict):
                self.settings[key] = {**self.settings[key], **value}
            else:
                self.settings[key] = value
        self.write_settings()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.api_port}"

    def write_settings(self):
        """Writes `self.settings`, which a test may change; JSON is a postrider.yaml too."""
        (self.folder / "postrider.yaml").write_text(json.dumps(self.settings, indent=2))

    # Processes

    def start_up(self, workers=2):
        """`postrider up`: returns once the API answers and all workers are admitted."""
        before = len(self.up.lines("ready")) if self.up else 0
        self.up = self._start("up", ["up", "--workers", workers])

        def is_ready():
            # The services say that they are ready too; the line of all together counts the workers.
            ready = [line for line in self.up.lines("ready") if line.get("workers") == workers]
            if not self.up.is_running:
                raise TooLate(f"postrider up ended (exit code {self.up.exit_code}):\n{self.up.last_words()}")
            return len(self.up.lines("ready")) > before and ready

        wait_until("postrider up is ready", is_ready, READY_SECONDS, lambda: "\n" + self.up.last_words())
        return self.up

    def start_coordinator(self, environment=None, behind=()):
        """The coordinator as a process of its own: returns once it answers. `behind` as for `start_worker`."""
        config = self.folder / "postrider.yaml"
        self.coordinator = self._start("coordinator", ["--config", config], "postrider-coordinator", environment, behind)
        self.wait_ready()
        return self.coordinator

    def add_worker(self, name, **worker_keys):
        """Admits a worker, and makes its settings in a folder of its own. The coordinator must be running."""
        folder = self.folder / "workers" / name
        folder.mkdir(parents=True, exist_ok=True)
        self.command("worker", "add", name, "--config", self.folder / "postrider.yaml", folder=folder)
        path = folder / f"{name}.yaml"
        text = path.read_text()
        for key, value in {"connections": self.settings["worker"]["connections"], **worker_keys}.items():
            lines = [line for line in text.splitlines() if not line.strip().startswith(f"{key}:")]
            at = lines.index("worker:") + 1
            text = "\n".join([*lines[:at], f"  {key}: {json.dumps(value)}", *lines[at:]]) + "\n"
        path.write_text(text)

    def start_worker(self, name, environment=None, behind=()):
        """
        A worker as a process of its own, admitted before by `add_worker`; returns once the coordinator took it in.
        `behind` are words in front of its command line.
        """
        folder = self.folder / "workers" / name
        if not (folder / f"{name}.yaml").exists():
            self.add_worker(name)
        arguments = ["--config", folder / f"{name}.yaml"]
        worker = self._start(f"worker-{name}", arguments, "postrider-worker", environment, behind)
        self.workers[name] = worker

        def is_connected():
            if not worker.is_running:
                # A test that arms a crash point wants the worker to die, however early.
                if "POSTRIDER_CRASH_AT" in (environment or {}):
                    return True
                raise TooLate(f"worker {name} ended (exit code {worker.exit_code}):\n{worker.last_words()}")
            return any(one["name"] == name and one["state"] == "connected" for one in self.worker_states())

        wait_until(f"worker {name} is connected", is_connected, describe=lambda: "\n" + worker.last_words())
        return worker

    def worker_states(self):
        return self.get("/v1/workers")["workers"]

    def wait_ready(self, seconds=READY_SECONDS):
        """Waits for /readyz."""

        def is_ready():
            if self.coordinator and not self.coordinator.is_running:
                code = self.coordinator.exit_code
                raise TooLate(f"the coordinator ended (exit code {code}):\n{self.coordinator.last_words()}")
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                    return json.load(answer)["ready"]
            except (urllib.error.URLError, OSError, ValueError):
                return False

        wait_until("the coordinator is ready", is_ready, seconds)

    def _start(self, name, arguments, program="postrider", environment=None, behind=()):
        words = [*behind, programs() / program, *arguments]
        process = Process(name, words, self.folder, {**self.environment, **(environment or {})})
        self.processes.append(process)
        return process

    def stop(self):
        """Ends everything in order: workers before the coordinator, so that they can report."""
        order = sorted(self.processes, key=lambda process: process is self.coordinator)
        failures = []
        for process in order:
            try:
                process.stop()
            except TooLate as late:
                failures.append(str(late))
        self.processes = []
        if failures:
            raise TooLate("\n".join(failures))

    def kill(self):
        """Ends everything at once."""
        for process in self.processes:
            # The children of `up` see the end of its lifeline; the group ends those that do not.
            process.kill()
        self.processes = []

    # Commands

    def command(self, *arguments, expect=0, seconds=COMMAND_SECONDS, folder=None, role=None):
        """Runs `postrider` with these arguments; returns what it wrote to stdout. `role` names the token to show."""
        words = [str(programs() / "postrider"), *(str(word) for word in arguments)]
        if role:
            words += ["--token-file", str(self.folder / "tokens" / f"{role}.token")]
        try:
            result = subprocess.run(
                words,
                cwd=folder or self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                timeout=seconds,
            )
        except subprocess.TimeoutExpired:
            raise TooLate(f"postrider {' '.join(words[1:])} took over {seconds} s") from None
        if expect is not None and result.returncode != expect:
            raise CommandFailure(
                f"postrider {' '.join(words[1:])} ended with exit code {result.returncode}, not {expect}:\n"
                f"{result.stdout}{result.stderr}",
                result.returncode,
                result.stdout,
                result.stderr,
            )
        return result.stdout

    def json(self, *arguments, **options):
        """Runs a command with --json; returns the last document that it wrote."""
        text = self.command(*arguments, "--json", **options)
        try:
            return json.loads(text)
        except ValueError:
            return json.loads(text.strip().splitlines()[-1])

    def get(self, path, role="viewer"):
        """Reads one answer of the HTTP API."""
        token = (self.folder / "tokens" / f"{role}.token").read_text().strip()
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    # Campaigns

    def import_contacts(self, rows, name="contacts", list_name="everyone"):
        """Writes rows (dictionaries) as CSV and imports them; returns the command's own count."""
        rows = list(rows)
        path = self.folder / f"{name}.csv"
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return self.json("contacts", "import", path.name, "--list", list_name)

    def write_campaign(self, name="campaign", **keys):
        """Writes a campaign file; keys given replace the standard ones."""
        campaign = {
            "name": name,
            "channel": "email",
            "relay": "main",
            "audience": {"list": "everyone"},
            "from": "Ann Lee <ann@campaign.example>",
            "variants": [{"name": "all", "subject": "Hi {{first_name}}", "text": "Dear {{first_name}},\n\nhello.\n"}],
            "missing_field": "blank",
            **keys,
        }
        path = self.folder / f"{name}.yaml"
        path.write_text(json.dumps(campaign, ensure_ascii=False, indent=2), encoding="utf-8")
        return path.name

    def submit(self, name="campaign", approve=True, **keys):
        """Writes and submits a campaign, and has it approved, which starts it; returns its id."""
        identity = self.json("campaign", "submit", self.write_campaign(name, **keys))["id"]
        if approve:
            self.command("campaign", "approve", identity, role="approver")
        return identity

    def status(self, campaign):
        return self.json("campaign", "status", campaign)

    def targets(self, campaign, outcome=None):
        """Every target as a dictionary."""
        words = ["campaign", "targets", campaign, "--json"] + (["--outcome", outcome] if outcome else [])
        return [json.loads(line) for line in self.command(*words).splitlines() if line]

    def wait_status(self, campaign, what, is_wanted, seconds=COMMAND_SECONDS):
        """Waits for a status that is wanted, and returns it."""
        last = {}

        def look():
            nonlocal last
            last = self.get(f"/v1/campaigns/{campaign}")
            return last if is_wanted(last) else None

        def describe():
            words = "\n".join(f"{process.name}:\n{process.last_words()}" for process in self.processes)
            return f"\n{json.dumps(last)}\n{words}"

        return wait_until(f"the campaign is {what};", look, seconds, describe)

    def wait_finished(self, campaign, seconds=COMMAND_SECONDS):
        self.wait_status(campaign, "finished", lambda status: status["state"] == "finished", seconds)
        return self.status(campaign)

    def wait_settled(self, campaign, seconds=COMMAND_SECONDS):
        """Waits until nothing is open, whatever the state is called."""
        self.wait_status(
            campaign,
            "settled",
            lambda status: not status["freezing"]
            and status["audience"] > 0
            and not any(status["counts"][name] for name in ("pending", "leased", "deferred")),
            seconds,
        )
        return self.status(campaign)


class EndToEndTest(unittest.TestCase):
    """A test with processes; everything is gone when it ends, except what a failure leaves behind to read."""

    maxDiff = 4_000

    def setUp(self):
        programs()
        self.folder = Path(tempfile.mkdtemp(prefix="postrider-e2e-"))
        self.addCleanup(self._remove_folder)

    def cluster(self, relay, *, name="cluster", **options):
        """A cluster that nobody has started yet, ended with the test."""
        cluster = Cluster(self.folder / name, relay, **options)
        self.addCleanup(self._end_cluster, cluster)
        return cluster

    def start(self, name, arguments, environment=None):
        """Another process, ended with the test."""
        process = Process(name, arguments, self.folder, environment)
        self.addCleanup(process.kill)
        return process

    def check_counts(self, status):
        """What every status must say, whatever happened."""
        self.assertEqual(set(status["counts"]), set(OUTCOMES))
        self.assertEqual(sum(status["counts"].values()), status["audience"], status)

    def _end_cluster(self, cluster):
        if not cluster.processes:
            return
        running = [process for process in cluster.processes if process.is_running]
        try:
            for process in sorted(running, key=lambda process: process is cluster.coordinator):
                process.send(signal.SIGTERM)
            for process in running:
                process.wait(STOP_SECONDS)
        finally:
            cluster.kill()

    def _remove_folder(self):
        if self._has_failed():
            print(f"\nkept for {self.id()}: {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _has_failed(self):
        result = getattr(self._outcome, "result", None)
        if result is None:
            return False
        return any(test is self or getattr(test, "test_case", None) is self
                   for test, _ in [*result.failures, *result.errors])
