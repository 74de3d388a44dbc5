"""Segment counts against the same conditions written by hand for `sqlite3`, on the same file."""

import subprocess
import time

from . import people
from .stage import CAMPAIGN_SECONDS, Stage

# The condition for people, and for SQL.
CONDITIONS = [
    ("state = 'IA' and first_time", "f_state = 'IA' AND f_first_time = 1"),
    ("issue in ('jobs', 'care') and visits >= 10 and not (city = 'Ames')",
     "f_issue IN ('jobs', 'care') AND f_visits >= 10 AND NOT (f_city = 'Ames')"),
    ("birth_date < '1990-01-01' and amount > 50", "f_birth_date < '1990-01-01' AND n_amount > 50"),
]


def measure(plan, report):
    with Stage(workers=0, keep=plan.keep) as stage:
        stage.start_cluster(relay=1)
        path = stage.folder / "people.csv"
        part = min(plan.contacts, 1_000_000)
        for number in range(plan.contacts // part):
            people.write(path, 0, part, f".{number}")
            _, seconds = stage.import_file(path, "all")
            report.progress(f"segments: {part:,} contacts imported in {seconds:.1f} s")
        path.unlink()
        for condition, sql in CONDITIONS:
            ours, theirs = [], []
            for run in range(plan.runs + 1):
                expected, other = _sqlite(stage, sql)
                began = time.monotonic()
                answer = stage.call("POST", "/v1/segments/count", body={"expression": condition})
                own = time.monotonic() - began
                if answer["count"] != expected:
                    raise AssertionError(f"{condition}: {answer['count']}, and sqlite3 counts {expected}")
                if run > 0:
                    ours.append(own)
                    theirs.append(other)
            report.progress(f"segments: {condition}: {expected:,} of {plan.contacts:,}")
            report.times(f"count of {plan.contacts:,}: {condition}", ours, "sqlite3, by hand", theirs, most=1.2)


def _sqlite(stage, sql):
    database = stage.folder / "cluster" / "data" / "postrider.sqlite"
    began = time.monotonic()
    answer = subprocess.run(
        ["sqlite3", "-readonly", database, f"SELECT count(*) FROM contact WHERE {sql}"],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=CAMPAIGN_SECONDS,
    )
    return int(answer.stdout), time.monotonic() - began
