"""Import of a file of 12 columns with validation, dedupe and indexes, against `sqlite3 .import` into an indexed table."""

import os
import subprocess

from . import people
from .processes import ChildTime, cpu_seconds, peak_mebibytes
from .stage import CAMPAIGN_SECONDS, Stage


def measure(plan, report):
    ours, theirs, our_cpu, their_cpu, peaks = [], [], [], [], []
    for run in range(plan.import_runs):
        # A new database each time, for both.
        with Stage(workers=0, keep=plan.keep) as stage:
            path = stage.folder / "people.csv"
            people.write(path, 0, plan.rows)
            other = _sqlite(stage.folder, path)
            stage.start_cluster(relay=1)
            pid = stage.cluster.coordinator.pid
            before = cpu_seconds(pid)
            with ChildTime() as command:
                answer = stage.cluster.json("contacts", "import", path, "--list", "all", seconds=CAMPAIGN_SECONDS)
            if answer["created"] != plan.rows or answer["rejected"]:
                raise AssertionError(f"{plan.rows} rows were to be created: {answer}")
            ours.append(command.wall)
            our_cpu.append(cpu_seconds(pid) - before + command.cpu)
            theirs.append(other.wall)
            their_cpu.append(other.cpu)
            peaks.append(peak_mebibytes(pid))
            report.progress(f"import, run {run}: {command.wall:.1f} s, sqlite3 {other.wall:.1f} s")
    name = f"import of {plan.rows:,} rows"
    report.times(name, ours, "sqlite3 .import", theirs, most=3.0)
    report.times(f"{name}: CPU", our_cpu, "sqlite3 .import", their_cpu)
    report.value(f"{name}: coordinator peak memory", peaks, "MiB", most=256)


def _sqlite(folder, path):
    database = folder / "other.db"
    columns = ", ".join(f"{name} TEXT" for name in people.COLUMNS)
    schema = f"CREATE TABLE contact ({columns}); CREATE UNIQUE INDEX contact_email ON contact (email);"
    subprocess.run(["sqlite3", database, schema], check=True)
    with ChildTime() as time:
        subprocess.run(
            ["sqlite3", database, "-cmd", ".mode csv", f".import --skip 1 {path} contact"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    for name in os.listdir(folder):
        if name.startswith("other.db"):
            (folder / name).unlink()
    return time
