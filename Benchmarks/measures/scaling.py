"""Several workers, each in a network namespace of its own, as if on other machines: what each message costs whom."""

import os
import shutil
import subprocess

from .stage import Stage, Unavailable, harness

BRIDGE = "prbench0"
NETWORK = "10.213.77"


class Machines:
    """A bridge, and namespaces on it that reach nothing but this machine; all gone with the `with`."""

    def __init__(self, count):
        self.names = [f"prbench-{number + 1}" for number in range(count)]

    def __enter__(self):
        if os.geteuid() != 0 or not shutil.which("ip"):
            raise Unavailable("network namespaces need root and iproute2")
        self._remove()
        try:
            _ip("link add", BRIDGE, "type bridge")
            _ip("addr add", f"{NETWORK}.1/24", "dev", BRIDGE)
            _ip("link set", BRIDGE, "up")
            for number, name in enumerate(self.names):
                _ip("netns add", name)
                _ip("link add", f"prb{number}", "type veth peer name eth0 netns", name)
                _ip("link set", f"prb{number}", "master", BRIDGE, "up")
                _ip("-n", name, "addr add", f"{NETWORK}.{number + 2}/24", "dev eth0")
                _ip("-n", name, "link set eth0 up")
                _ip("-n", name, "link set lo up")
        except subprocess.CalledProcessError as error:
            self._remove()
            raise Unavailable(f"network namespaces cannot be made: {error}") from None
        return self

    def __exit__(self, *_):
        self._remove()

    def _remove(self):
        for name in self.names:
            _ip("netns del", name, check=False)
        _ip("link del", BRIDGE, check=False)


def _ip(*words, check=True):
    subprocess.run(["ip", *" ".join(words).split()], check=check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class NetworkStage(Stage):
    """Coordinator and sink on the bridge, workers behind it."""

    def start_cluster_in(self, machines):
        port = harness.free_ports(1)[0]
        self.settings = {
            "coordinator": {"workers_listen": f"tcp://{NETWORK}.1:{port}"},
            "worker": {"coordinator": f"tcp://{NETWORK}.1:{port}", "connections": self.connections},
        }
        relay = f"smtp://{NETWORK}.1:{self.sink_port}"
        self.workers = 0
        cluster = self.start_cluster(relay, tls="off", dkim="relay")
        for name in machines.names:
            worker = name.replace("prbench-", "w")
            cluster.add_worker(worker)
            cluster.start_worker(worker, behind=["ip", "netns", "exec", name])
        return cluster


def measure(plan, report):
    for count in plan.machines:
        with Machines(count) as machines, NetworkStage(connections=max(1, 32 // count), keep=plan.keep) as stage:
            stage.start_sink(host=f"{NETWORK}.1")
            stage.start_cluster_in(machines)
            stage.import_people(0, plan.messages)
            runs = []
            for run in range(plan.runs + 1):
                own = stage.run_campaign(f"scaling-{run}", plan.messages)
                report.progress(f"scaling, {count} worker(s), run {run}: {own['seconds']:.2f} s")
                if run > 0:
                    runs.append(own)
            coordinator, worker = stage.peaks()
        scale = 1e6 / plan.messages
        name = f"scaling, {count} worker{'s' if count > 1 else ''}"
        report.value(f"{name}: rate", [plan.messages / own["seconds"] for own in runs], "messages/s")
        report.value(f"{name}: coordinator CPU", [own["coordinator_cpu"] * scale for own in runs], "µs/message")
        report.value(f"{name}: all workers' CPU", [own["worker_cpu"] * scale for own in runs], "µs/message")
        report.value(f"{name}: peak memory of the coordinator", [coordinator], "MiB", most=256)
        report.value(f"{name}: peak memory of the largest worker", [worker], "MiB", most=128)
