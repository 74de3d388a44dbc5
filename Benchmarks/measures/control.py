"""How soon pause and cancel take effect, and how soon a status is answered, while messages leave at full speed."""

import json
import time

from .stage import Stage, timestamp


def measure(plan, report):
    pauses, pause_answers, cancels, cancel_answers, answers, commands = [], [], [], [], [], []
    with Stage(keep=plan.keep) as stage:
        stage.start_sink()
        stage.start_cluster()
        stage.import_people(0, plan.messages)
        for run in range(plan.runs):
            # At full speed, unless that is too fast to be caught in the act.
            limits = {"throttles": [plan.control_limit]} if plan.control_limit else {}
            campaign = stage.submit(f"control-{run}", **limits)
            _wait_for(stage, campaign, plan.messages // 20)
            answers += _status_answers(stage, campaign, plan.questions)
            pause_answers.append(_do(stage, campaign, "pause", pauses, plan))
            at_rest = stage.status(campaign)
            time.sleep(0.5)
            if stage.status(campaign)["counts"] != at_rest["counts"] or at_rest["counts"]["leased"]:
                raise AssertionError(f"a paused campaign moved: {at_rest}")
            stage.call("POST", f"/v1/campaigns/{campaign}/resume", role="operator")
            _wait_for(stage, campaign, at_rest["counts"]["accepted"] + plan.messages // 20)
            began = time.monotonic()
            stage.cluster.json("campaign", "status", campaign)
            commands.append((time.monotonic() - began) * 1_000)
            cancel_answers.append(_do(stage, campaign, "cancel", cancels, plan))
            status = stage.wait_finished(campaign, pause=0.2)
            if status["counts"]["cancelled"] == 0:
                report.progress("control: the campaign was over before it was cancelled")
    report.value("status: answer at full speed", answers, "ms", most=100, worst=True)
    report.value("status: `postrider campaign status` at full speed", commands, "ms")
    report.value("pause: answered", pause_answers, "ms")
    report.value("pause: last message left after", pauses, "ms", most=2_000, worst=True)
    report.value("cancel: answered", cancel_answers, "ms")
    report.value("cancel: last message left after", cancels, "ms", most=2_000, worst=True)


def _wait_for(stage, campaign, accepted):
    end = time.monotonic() + 300
    while stage.status(campaign)["counts"]["accepted"] < accepted:
        if time.monotonic() > end:
            raise AssertionError(f"not {accepted} accepted: {stage.status(campaign)}")
        time.sleep(0.1)


def _status_answers(stage, campaign, questions):
    """Milliseconds that the API took for each."""
    times = []
    for _ in range(questions):
        began = time.monotonic()
        stage.status(campaign)
        times.append((time.monotonic() - began) * 1_000)
        time.sleep(0.02)
    return times


def _do(stage, campaign, step, effects, plan):
    """Asks for it; adds how long after that the last message was accepted. Returns how long the answer took, in ms."""
    asked = time.time()
    began = time.monotonic()
    stage.call("POST", f"/v1/campaigns/{campaign}/{step}", role="operator")
    answered = (time.monotonic() - began) * 1_000
    end = time.monotonic() + 60
    while stage.status(campaign)["counts"]["leased"]:
        if time.monotonic() > end:
            raise AssertionError(f"leases are still open: {stage.status(campaign)}")
        time.sleep(0.05)
    last = 0.0
    text = stage.cluster.command("campaign", "targets", campaign, "--json", "--outcome", "accepted", seconds=600)
    for line in text.splitlines():
        last = max(last, timestamp(json.loads(line)["at"]))
    effects.append(max(0.0, (last - asked) * 1_000))
    return answered
