"""What every measurement needs: the cluster under test, the sink, and campaigns to run. Builds on the end-to-end tests' harness."""

import datetime
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from . import people
from .processes import cpu_seconds, peak_mebibytes

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Tests" / "EndToEnd"))

import harness  # noqa: E402

# Bounds nothing: no relay takes that many.
NO_LIMIT = "100000000/s"
SENDER = "ann@campaign.example"
# A campaign of a million by debug programs on a busy machine takes an hour.
CAMPAIGN_SECONDS = 5_400


class Unavailable(Exception):
    """A program that this measurement compares with cannot be had here."""


def peer(name):
    """The path of a program that others wrote."""
    folder = os.environ.get("POSTRIDER_TEST_PEERS")
    path = Path(folder) / name if folder else None
    if path is None or not os.access(path, os.X_OK):
        raise Unavailable(f"{name} is missing; scripts/test-peers fetches it")
    return path


def timestamp(text):
    """Seconds since 1970 of a time as the API writes it."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Stage:
    """A folder, the processes in it, and the sink; everything ends with the `with`."""

    def __init__(self, workers=1, connections=32, settings=None, keep=False):
        self.folder = Path(tempfile.mkdtemp(prefix="postrider-bench-"))
        self.keep = keep
        self.workers = workers
        self.connections = connections
        self.settings = settings or {}
        self.processes = []
        self.cluster = None
        self.sink_port = None
        self.sink = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.cluster:
            try:
                self.cluster.stop()
            except AssertionError as late:
                print(late, file=sys.stderr)
            self.cluster.kill()
        for process in self.processes:
            process.kill()
        if self.keep:
            print(f"kept: {self.folder}", file=sys.stderr)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    # Processes

    def start_sink(self, *options, host="127.0.0.1"):
        """Postfix smtp-sink, which takes everything."""
        sink = peer("smtp-sink")
        self.sink_port = harness.free_ports(1)[0]
        words = [sink, "-4", "-m", "512", *options]
        if os.geteuid() == 0:
            # As root it wants to become somebody else.
            words += ["-u", "nobody"]
        name = f"smtp-sink-{len(self.processes)}"
        process = harness.Process(name, [*words, f"{host}:{self.sink_port}", "512"], self.folder)
        self.processes.append(process)
        self.sink = process
        harness.wait_until("smtp-sink listens", lambda: _answers(host, self.sink_port), 20, process.last_words)
        return process

    def start_cluster(self, relay=None, **relay_keys):
        """Coordinator and workers, as services of their own."""
        settings = {
            "throttles": [NO_LIMIT],
            "sites": {"default": {"connections": 10_000}},
            "worker": {"connections": self.connections},
            "approval": "self",
            **self.settings,
        }
        self.cluster = harness.Cluster(
            self.folder / "cluster",
            relay or self.sink_port,
            relay_keys={"throttles": [NO_LIMIT], **relay_keys},
            settings=settings,
        )
        self.cluster.start_coordinator()
        for number in range(self.workers):
            self.cluster.start_worker(f"w{number + 1}")
        return self.cluster

    @property
    def pids(self):
        """The processes measured, by name."""
        found = {"coordinator": self.cluster.coordinator.pid}
        for name, worker in self.cluster.workers.items():
            found[f"worker {name}"] = worker.pid
        return found

    def cpu(self):
        """CPU seconds so far: coordinator, and all workers together."""
        seconds = {name: cpu_seconds(pid) for name, pid in self.pids.items()}
        coordinator = seconds.pop("coordinator")
        return coordinator, sum(seconds.values())

    def peaks(self):
        """Peak memory in MiB: coordinator, and the largest worker."""
        peaks = {name: peak_mebibytes(pid) for name, pid in self.pids.items()}
        coordinator = peaks.pop("coordinator")
        return coordinator, max(peaks.values(), default=0.0)

    def database_bytes(self):
        """Size of the coordinator's database, as its last commit left it."""
        path = self.folder / "cluster" / "data" / "postrider.sqlite"
        # Only reads: a second connection must not checkpoint.
        reader = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            pages, free, size = (
                reader.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
            )
        finally:
            reader.close()
        return (pages - free) * size

    # People and campaigns

    def import_people(self, first, count, list_name="everyone", marker=""):
        """Imports people as anybody would; returns the command's count and what it took."""
        path = self.folder / "people.csv"
        people.write(path, first, count, marker)
        answer, seconds = self.import_file(path, list_name)
        path.unlink()
        return answer, seconds

    def import_file(self, path, list_name="everyone"):
        began = time.monotonic()
        answer = self.cluster.json("contacts", "import", path, "--list", list_name, seconds=CAMPAIGN_SECONDS)
        return answer, time.monotonic() - began

    def submit(self, name, list_name="everyone", approve=True, **keys):
        """Submits a campaign; approval starts it."""
        self.cluster.write_campaign(
            name, audience={"list": list_name}, **{"from": f"Ann Lee <{SENDER}>"}, variants=people.variants(), **keys
        )
        campaign = self.cluster.json("campaign", "submit", f"{name}.yaml")["id"]
        if approve:
            self.call("POST", f"/v1/campaigns/{campaign}/approve", role="operator")
        return campaign

    def call(self, method, path, role="viewer", body=None):
        """One request of the HTTP API."""
        token = (self.folder / "cluster" / "tokens" / f"{role}.token").read_text().strip()
        request = urllib.request.Request(
            self.cluster.url + path,
            method=method,
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            data=None if body is None else json.dumps(body).encode(),
        )
        with urllib.request.urlopen(request, timeout=600) as answer:
            return json.load(answer)

    def status(self, campaign):
        return self.call("GET", f"/v1/campaigns/{campaign}")

    def wait_finished(self, campaign, pause=1.0):
        """Waits with one question a second, which takes next to nothing from what is measured."""
        end = time.monotonic() + CAMPAIGN_SECONDS
        while time.monotonic() < end:
            time.sleep(pause)
            status = self.status(campaign)
            if status["state"] in ("finished", "cancelled"):
                return status
        raise harness.TooLate(f"campaign {campaign} is not finished: {status}")

    def run_campaign(self, name, count, list_name="everyone"):
        """A whole campaign; what it took by its own times, and CPU seconds of coordinator and workers."""
        before, sink_before = self.cpu(), cpu_seconds(self.sink.pid)
        status = self.wait_finished(self.submit(name, list_name))
        after, sink_after = self.cpu(), cpu_seconds(self.sink.pid)
        counts = status["counts"]
        if counts["accepted"] != count or status["sent_twice"]:
            raise AssertionError(f"{count} messages were to be accepted: {status}")
        return {
            "id": status["id"],
            "seconds": timestamp(status["finished_at"]) - timestamp(status["started_at"]),
            "coordinator_cpu": after[0] - before[0],
            "worker_cpu": after[1] - before[1],
            "sink_cpu": sink_after - sink_before,
        }

    # The program to be measured against

    def run_source(self, count, length):
        """`smtp-source -d -s 32`: wall and CPU seconds."""
        words = [peer("smtp-source"), "-d", "-s", "32", "-m", count, "-l", length, "-f", SENDER, "-t", "p@site.example"]
        began, sink_before = time.monotonic(), cpu_seconds(self.sink.pid)
        before = os.times()
        subprocess.run([*map(str, words), f"127.0.0.1:{self.sink_port}"], check=True, stdout=subprocess.DEVNULL)
        after = os.times()
        return {
            "seconds": time.monotonic() - began,
            "cpu": after.children_user - before.children_user + after.children_system - before.children_system,
            "sink_cpu": cpu_seconds(self.sink.pid) - sink_before,
        }


def message_sizes():
    """
    The average size of the campaign's messages, headers included, and what smtp-source must be told so that its
    messages are as long: both send a few to a sink that keeps them.
    """
    with Stage() as stage:
        dumps = stage.folder / "dumps"
        dumps.mkdir()
        stage.folder.chmod(0o711)
        dumps.chmod(0o777)
        stage.start_sink("-d", f"{dumps}/mail.")
        stage.start_cluster()
        stage.import_people(0, people.SITES)
        stage.run_campaign("sizes", people.SITES)
        size = _average_and_remove(dumps)
        stage.run_source(20, 1_000)
        return size, max(1, round(size - (_average_and_remove(dumps) - 1_000)))


def _average_and_remove(dumps):
    sizes = []
    for path in dumps.iterdir():
        sizes.append(_octets(path.read_bytes()))
        path.unlink()
    return sum(sizes) / len(sizes)


def _answers(host, port):
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def _octets(dump):
    # The sink drops CR, puts lines of its own on top, and one empty line at the end.
    message = dump.partition(b"Received: ")[2].split(b"\n", 3)[3].removesuffix(b"\n")
    return len(message) + message.count(b"\n")
