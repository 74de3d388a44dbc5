"""What was measured, as an aligned table and as JSON."""

import math
import sys
from statistics import median


def _ratio(own, other):
    # What is small may cost less than a clock's tick.
    return median(own) / median(other) if median(other) else math.inf


class Report:
    def __init__(self, judges=True):
        self.rows = []
        self.judges = judges

    def progress(self, text):
        print(text, file=sys.stderr, flush=True)

    def ratio(self, name, own, peer, other, goal, unit, note=""):
        """How many times faster than `peer`: at least `goal`. All times, so that smaller is better."""
        ratio = _ratio(other, own)
        self._add(name, own, unit, peer, other, ratio=ratio, least=goal, met=ratio >= goal, note=note)

    def times(self, name, own, peer, other, most=None, unit="s"):
        """How many times as much as `peer`: at most `most`."""
        ratio = _ratio(own, other)
        self._add(name, own, unit, peer, other, ratio=ratio, most=most, met=None if most is None else ratio <= most)

    def value(self, name, values, unit, most=None, worst=False):
        """A number on its own; `worst` judges by the largest one, not by the median."""
        judged = max(values) if worst else median(values)
        self._add(name, values, unit, most=most, met=None if most is None else judged <= most, judged=judged)

    def _add(self, name, own, unit, peer=None, other=None, **more):
        row = {"name": name, "unit": unit, "median": median(own), "lowest": min(own), "highest": max(own), "runs": len(own)}
        if peer:
            row |= {"peer": peer, "peer_median": median(other), "peer_lowest": min(other), "peer_highest": max(other)}
        if not self.judges:
            more |= {"least": None, "most": None, "met": None}
        row |= {key: value for key, value in more.items() if value is not None and value != ""}
        self.rows.append(row)

    def text(self):
        head = ["measured", "median", "lowest–highest", "unit", "against", "its median", "ratio", "goal", ""]
        lines = [head]
        for row in self.rows:
            goal = f"≥ {row['least']:g} ×" if "least" in row else ""
            if "most" in row:
                goal = f"≤ {row['most']:g}" + (" ×" if "peer" in row else "")
            lines.append([
                row["name"],
                number(row["median"]),
                f"{number(row['lowest'])}–{number(row['highest'])}" if row["runs"] > 1 else "",
                row["unit"],
                row.get("peer", ""),
                number(row["peer_median"]) if "peer" in row else "",
                f"{row['ratio']:.2f} ×" if "ratio" in row else "",
                goal,
                {True: "met", False: "NOT MET", None: ""}[row.get("met")],
            ])
        widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
        right = {1, 2, 5, 6, 7}
        return "\n".join(
            "  ".join(
                cell.rjust(width) if column in right else cell.ljust(width)
                for column, (cell, width) in enumerate(zip(line, widths))
            ).rstrip()
            for line in lines
        )


def number(value):
    """Three digits or more, none of them idle."""
    if value >= 1_000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value >= 100 or value < 0.001 else f"{value:.2f}"
