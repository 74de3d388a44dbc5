"""What goes wrong in a sweep: the named crash points of the failure matrix, and kills at random moments."""

import dataclasses
import random

# The passings at which a point strikes, one range for each of its runs; the point decides what a passing is.
COORDINATOR_POINTS = {
    # Chunks of 500 contacts.
    "c01": [(1, 1), (2, 3), (4, 4)],
    "c02": [(1, 1), (2, 3), (4, 4)],
    # Turns with a grant.
    "c03": [(1, 1), (2, 4), (5, 9)],
    "c04": [(1, 1), (2, 3), (4, 6)],
    # Turns with a report.
    "c05": [(1, 1), (2, 9), (10, 25)],
    "c06": [(1, 1), (2, 9), (10, 25)],
    # Pages of a checkpoint.
    "c07": [(1, 1), (2, 40), (41, 150)],
}
WORKER_POINTS = {
    # Grants.
    "w01": [(1, 1), (2, 3), (4, 5)],
    # Messages.
    "w02": [(1, 1), (2, 40), (41, 200)],
    "w03": [(1, 1), (2, 40), (41, 200)],
    "w04": [(1, 1), (2, 40), (41, 200)],
    # Groups of the journal.
    "w05": [(1, 1), (2, 20), (21, 60)],
    "w06": [(1, 1), (2, 20), (21, 60)],
    # Reports.
    "w07": [(1, 1), (2, 4), (5, 9)],
    # A message; the loop hangs, and the process is killed later.
    "w08": [(1, 1), (2, 40), (41, 200)],
    # The script's own: paused past its deadline; killed, and its journal is gone.
    "w09": [(1, 1)] * 3,
    "w10": [(1, 1)] * 3,
}
POINTS = {**COORDINATOR_POINTS, **WORKER_POINTS}
IMPORT_POINTS = ("c01", "c02")
RANDOM = ("coordinator", "worker", "relay")
# Shares of the kills at random moments.
WEIGHTS = (1, 2, 1)


@dataclasses.dataclass(eq=False)
class Fault:
    # A crash point, or the kind of process that a random kill hits.
    point: str
    passing: int = 1
    # Whose doubts it may cause.
    victims: tuple = ()
    # Wall clock in milliseconds; None until it strikes.
    at: int = None
    kills: int = 0
    allowed: int = 0
    # How often it was armed and the campaign was over first.
    missed: int = 0

    @property
    def is_random(self):
        return self.point in RANDOM

    def __str__(self):
        return f"kill -9 {' '.join(self.victims) or self.point}" if self.is_random else f"{self.point}:{self.passing}"


def schedule(dice, points, runs, kills):
    """The faults of a sweep: imports by themselves, the others in the order in which they strike."""
    named = []
    for point in points:
        ranges = POINTS[point]
        for run in range(runs):
            named.append(Fault(point, dice.randint(*ranges[run % len(ranges)])))
    kinds = [Fault(kind) for kind in dice.choices(RANDOM, WEIGHTS, k=kills)]
    during = [fault for fault in named if fault.point not in IMPORT_POINTS] + kinds
    dice.shuffle(during)
    return [fault for fault in named if fault.point in IMPORT_POINTS], during
