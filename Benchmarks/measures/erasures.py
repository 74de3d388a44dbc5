"""Erasing people among many while a campaign runs: how long until the answer, when their words are gone, what the loop feels."""

import json
import re
import time
import urllib.request

from . import people
from .stage import Stage

# As people.py makes them.
ADDRESS = re.compile(rb"[a-z][0-9a-f]{8}@site[0-9]{3}\.example")


def measure(plan, report):
    count, many = plan.erase_among, plan.erased
    with Stage(keep=plan.keep) as stage:
        stage.start_sink()
        stage.start_cluster()
        _, seconds = stage.import_people(0, count)
        report.progress(f"erase: {count:,} contacts imported in {seconds:.1f} s")
        # Spread over the file; none is asked for twice.
        step = max(1, count // (many + 2 * plan.runs + 1))
        names = iter([people.row(number).split(",", 1)[0] for number in range(0, count, step)])

        idle = [_erase(stage, next(names)) for _ in range(plan.runs)]
        campaign = stage.submit("all", throttles=[plan.erase_rate])
        _wait_for(stage, campaign, 1)
        before = _turns(stage)
        busy = [_erase(stage, next(names), checks=run == 0) for run in range(plan.runs)]
        one = _longest(before, _turns(stage))

        before, accepted, asked = _turns(stage), stage.status(campaign)["counts"]["accepted"], time.monotonic()
        list_file = stage.folder / "gone.txt"
        chosen = [next(names) for _ in range(many)]
        list_file.write_text("\n".join(chosen) + "\n")
        words = ["contacts", "erase", "--file", list_file, "--json"]
        lines = [json.loads(line) for line in stage.cluster.command(*words, seconds=7_200).splitlines()]
        took = time.monotonic() - asked
        if [line["address"] for line in lines] != chosen or any(line["contacts"] != 1 for line in lines):
            raise AssertionError(f"not everybody was erased: {lines[:3]}")
        _require_gone(stage, chosen)
        several = _longest(before, _turns(stage))
        sent = stage.status(campaign)["counts"]["accepted"] - accepted
        slow = [line.get("duration") for line in stage.cluster.coordinator.lines("slow_turn")]
        stage.call("POST", f"/v1/campaigns/{campaign}/cancel", role="operator")
        size = stage.database_bytes() / (1 << 20)
    report.progress(f"erase: {many:,} in {took:.1f} s; slow turns logged: {slow or 'none'}; database {size:,.0f} MiB")
    # The answer comes when no file has the person any more: both are the same time, and it is looked up that they are.
    report.value(f"erase one of {count:,}: until no file has them", idle, "s")
    report.value("the same while a campaign runs", busy, "s")
    report.value("the same: longest turn of the loop, at most", [one * 1_000], "ms", most=50)
    report.value(f"erase {many:,} of {count:,} meanwhile: until no file has them", [took], "s")
    report.value("the same, for each", [took / many * 1_000], "ms")
    report.value("the same: longest turn of the loop, at most", [several * 1_000], "ms", most=50)
    report.value("the same: messages left meanwhile", [sent / took], "/s")


def _erase(stage, name, checks=False):
    """Seconds until the answer."""
    began = time.monotonic()
    answer = stage.call("POST", "/v1/contacts/erase", role="operator", body={"address": name})
    took = time.monotonic() - began
    if answer["contacts"] != 1:
        raise AssertionError(f"{name} was not there: {answer}")
    if checks:
        _require_gone(stage, [name])
    return took


def _require_gone(stage, names):
    """Looks for people in every file of the data folder."""
    wanted = {name.encode() for name in names}
    for path in (stage.cluster.folder / "data").rglob("*"):
        if not path.is_file():
            continue
        tail = b""
        with open(path, "rb") as file:
            while piece := file.read(1 << 24):
                block = tail + piece
                left = wanted.intersection(ADDRESS.findall(block))
                if left:
                    raise AssertionError(f"{sorted(left)[0].decode()} is still in {path}")
                tail = block[-100:]


def _wait_for(stage, campaign, accepted):
    end = time.monotonic() + 300
    while stage.status(campaign)["counts"]["accepted"] < accepted:
        if time.monotonic() > end:
            raise AssertionError(f"not {accepted} accepted: {stage.status(campaign)}")
        time.sleep(0.1)


def _turns(stage):
    """How many turns of the loop took at most so long, by the bounds of the metric."""
    with urllib.request.urlopen(f"{stage.cluster.url}/metrics", timeout=60) as answer:
        lines = answer.read().decode().splitlines()
    found = {}
    for line in lines:
        if line.startswith("postrider_turn_seconds_bucket{"):
            found[float(line.split('le="')[1].split('"')[0])] = float(line.split()[-1])
    return found


def _longest(before, after):
    """The smallest bound that no turn in between exceeded, in seconds."""
    rises = {bound: after[bound] - before.get(bound, 0) for bound in after}
    total = max(rises.values())
    return min((bound for bound, rise in rises.items() if rise == total and bound != float("inf")), default=10.0)
