"""What a process used, read from outside without stopping it."""

import os
import time


def cpu_seconds(pid):
    """User and system time of a process, all its threads, in seconds; as exact as the kernel counts."""
    # What clock_getcpuclockid(3) makes of a process id on Linux.
    return time.clock_gettime((~pid << 3) | 2)


def peak_mebibytes(pid):
    """The most memory that the process had in use at one time (VmHWM)."""
    with open(f"/proc/{pid}/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


class ChildTime:
    """Wall and CPU seconds of a child that is run inside the `with`."""

    def __enter__(self):
        self._times = os.times()
        self._began = time.monotonic()
        return self

    def __exit__(self, *_):
        now = os.times()
        self.wall = time.monotonic() - self._began
        self.cpu = (now.children_user - self._times.children_user) + (now.children_system - self._times.children_system)


def machine():
    """What the numbers were measured on."""
    model = "unknown processor"
    with open("/proc/cpuinfo") as cpus:
        for line in cpus:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    with open("/proc/meminfo") as memory:
        mebibytes = int(memory.readline().split()[1]) // 1024
    kernel = os.uname()
    return {
        "processor": model,
        "cores": len(os.sched_getaffinity(0)),
        "memory_mib": mebibytes,
        "system": f"{kernel.sysname} {kernel.release} {kernel.machine}",
        "load_before": round(os.getloadavg()[0], 2),
    }
