#!/usr/bin/env python3
"""The crash sweep: real processes die at named points and at random moments while campaigns run; then both sides are compared.

    scripts/crash-sweep            (make crash-sweep)

KILLS=n          kill -9 at random moments (default 200)
RUNS=n           runs of each named crash point (default 3)
POINTS="c03 …"   only these named points; an empty word for none
CONTACTS=n       people of each campaign (default 20000)
RATE=n           messages a second that the relay may get (default 1500)
SEED=n           repeats a schedule; without it one is drawn and printed
POSTRIDER_BIN    folder of the programs

Prints a line for each campaign and a table by crash point; the exit code is 0 when nothing was lost, sent twice or in doubt beyond
what is allowed. docs/reliability.md says what that is.
"""

import collections
import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "EndToEnd"))

from cluster_under_fire import ClusterUnderFire  # noqa: E402
from evidence import doubts_in_ledger  # noqa: E402
from faults import POINTS, RANDOM, schedule  # noqa: E402
from harness import TooLate  # noqa: E402
from judge import judge  # noqa: E402

# No fault begins when this share of a campaign is done: it must strike before the end.
LAST_SHARE = 0.75
SETTLE_SECONDS = 300
# How often the coordinator is asked how far a campaign is.
ASK_SECONDS = 1
# A point that is never reached is a mistake in the schedule or in the product.
MISSES_MAX = 3


def option(name, default):
    text = os.environ.get(name, "")
    return int(text) if text else default


class Progress:
    """How far a campaign is."""

    def __init__(self, fire, campaign, sender, last):
        self.fire, self.campaign, self.sender, self.last = fire, campaign, sender, last
        self.asked_at = time.monotonic()

    def is_late(self):
        """Whether too little is left for another fault."""
        if self.fire.log.read().seen(self.sender) >= self.last:
            return True
        if time.monotonic() < self.asked_at + ASK_SECONDS:
            return False
        # What is in doubt is never seen, and may be the rest of a small campaign.
        self.asked_at = time.monotonic()
        try:
            return self.fire.cluster.get(f"/v1/campaigns/{self.campaign}")["state"] == "finished"
        except OSError:
            # The coordinator is dead just now.
            return False


class Row:
    """One line of the table."""

    def __init__(self):
        self.runs = self.kills = self.contacts = self.lost = self.twice = self.in_doubt = self.allowed = 0


class Sweep:
    def __init__(self, folder):
        self.contacts = option("CONTACTS", 20_000)
        self.rate = option("RATE", 1_500)
        self.seed = option("SEED", random.SystemRandom().randrange(1, 1 << 32))
        self.dice = random.Random(self.seed)
        points = os.environ.get("POINTS")
        self.points = list(POINTS) if points is None else points.split()
        unknown = [point for point in self.points if point not in POINTS]
        if unknown:
            sys.exit(f"no crash point: {' '.join(unknown)}; there are {' '.join(POINTS)}")
        self.imports, self.during = schedule(self.dice, self.points, option("RUNS", 3), option("KILLS", 200))
        self.fire = ClusterUnderFire(folder, self.dice, self.rate)
        self.table = collections.defaultdict(Row)
        self.problems = []
        self.campaigns = self.again = 0
        # Addresses that the relay refused for good: they are suppressed from then on.
        self.refused = set()
        self.everyone = {f"p{i}@site{i % 5}.example" for i in range(self.contacts)}

    def run(self):
        began = time.monotonic()
        wanted = len(self.imports) + len(self.during)
        print(f"crash sweep: seed {self.seed}, {wanted} faults, campaigns of {self.contacts}", flush=True)
        self.fire.start()
        self.fire.import_people(self.everyone, "everyone")
        while self.imports or self.during:
            self.campaign()
        self.fire.stop()
        self.show(time.monotonic() - began)
        return 1 if self.problems else 0

    def campaign(self):
        self.campaigns += 1
        name = f"k{self.campaigns}"
        faults, people, audience = [], "everyone", self.everyone
        if self.imports:
            fault = self.imports.pop(0)
            people, audience = name, {f"p{i}@{name}-{i % 5}.example" for i in range(self.contacts)}
            self.fire.die_while_importing(fault, audience, people)
            faults.append(fault)
        # Every third campaign sends again what is in doubt.
        on_doubt = "resend" if self.campaigns % 3 == 0 else "hold"
        sender = f"{name}@campaign.example"
        campaign = self.fire.cluster.submit(
            name=name, audience={"list": people}, on_doubt=on_doubt, **{"from": f"Ann Lee <{sender}>"}
        )
        progress = Progress(self.fire, campaign, sender, int(LAST_SHARE * self.contacts))
        while self.during and not progress.is_late():
            fault = self.during.pop(0)
            if self.fire.strike(fault, progress.is_late):
                faults.append(fault)
            else:
                fault.missed += 1
                if fault.missed == MISSES_MAX:
                    self.problems.append(f"{fault} was never reached")
                else:
                    self.during.insert(0, fault)
                break
        self.judge(name, campaign, sender, audience, on_doubt, faults)

    def judge(self, name, campaign, sender, audience, on_doubt, faults):
        cluster = self.fire.cluster
        try:
            status = cluster.wait_settled(campaign, SETTLE_SECONDS)
        except TooLate as late:
            self.problems.append(f"{name} ({', '.join(map(str, faults))}) did not settle: {str(late)[:2_000]}")
            self.during, self.imports = [], []
            return
        targets = cluster.targets(campaign)
        doubts, doubted = doubts_in_ledger(cluster, name)
        accepted = self.fire.log.read().accepted[sender]
        verdict = judge(status, targets, accepted, doubts, doubted, faults, audience, on_doubt, self.refused)
        self.refused |= {target["address"] for target in targets if target["outcome"] == "bounced"}
        self.problems += [f"{name} ({', '.join(map(str, faults))}): {problem}" for problem in verdict.problems]
        self.again += verdict.sent_again
        for fault in faults:
            row = self.table[fault.point]
            row.runs += 1
            row.kills += fault.kills
            row.in_doubt += verdict.in_doubt[fault]
            row.allowed += fault.allowed
        for point in {fault.point for fault in faults}:
            row = self.table[point]
            row.contacts += len(audience)
            row.lost += verdict.lost
            row.twice += verdict.twice
        print(
            f"  {name} {on_doubt}: {len(faults)} faults, {status['counts']['accepted']} accepted,"
            f" {status['counts']['bounced']} bounced, {len(doubts)} doubts, {verdict.sent_again} of them sent again;"
            f" lost {verdict.lost}, twice {verdict.twice}"
            f"{'' if not verdict.problems else '  WRONG: ' + '; '.join(verdict.problems)}",
            flush=True,
        )

    def show(self, seconds):
        heads = ("point", "runs", "kills", "contacts", "lost", "twice", "in doubt", "allowed in doubt")
        lines = [heads]
        for point in [*POINTS, *RANDOM]:
            if point in self.table:
                row = self.table[point]
                name = f"kill -9 {point}" if point in RANDOM else point
                numbers = (row.runs, row.kills, row.contacts, row.lost, row.twice, row.in_doubt, row.allowed)
                lines.append((name, *(f"{number:,}" for number in numbers)))
        widths = [max(len(line[index]) for line in lines) for index in range(len(heads))]
        print()
        for line in lines:
            first, *rest = zip(line, widths)
            print("  ".join([first[0].ljust(first[1]), *(text.rjust(width) for text, width in rest)]))
        kills = sum(row.kills for row in self.table.values())
        print(
            f"\n{self.campaigns} campaigns of {self.contacts:,}, {kills} kills in {seconds / 60:.0f} minutes, seed {self.seed};"
            f" sent again after a doubt (resend): {self.again}"
        )
        for problem in self.problems:
            print(f"WRONG: {problem}")
        print("crash sweep: " + (f"{len(self.problems)} problems" if self.problems else "everybody has one outcome, nobody was written to twice"))


def main():
    folder = Path(tempfile.mkdtemp(prefix="postrider-sweep-"))
    sweep = Sweep(folder)
    code = 1
    try:
        code = sweep.run()
    finally:
        sweep.fire.kill()
        if code == 0 and not os.environ.get("KEEP"):
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"kept: {folder}")
    return code


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
