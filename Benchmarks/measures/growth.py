"""Cost per message while everything grows: audience, contacts, campaigns that were. It must not."""

import time
from statistics import median

from .stage import CAMPAIGN_SECONDS, Stage


def measure(plan, report):
    small, double, large = plan.growth
    with Stage(keep=plan.keep) as stage:
        stage.start_sink()
        stage.start_cluster()
        stage.import_people(0, small, "small")
        stage.import_people(0, double, "double")
        early = _marginal(stage, plan, small, double, "early", report)
        answer, seconds = stage.import_people(0, large, "large")
        report.progress(f"growth: {answer['rows']:,} rows imported in {seconds:.1f} s")
        before = stage.database_bytes()
        whole, last = _long_campaign(stage, large, report)
        grown = stage.database_bytes() - before
        late = _marginal(stage, plan, small, double, "late", report)
        coordinator, worker = stage.peaks()

    report.value(f"CPU from {small:,} to {double:,}", [sum(cost) for cost in early], "µs/message")
    report.value("  of it coordinator", [cost[0] for cost in early], "µs/message")
    report.value("  of it worker", [cost[1] for cost in early], "µs/message")
    report.value(f"CPU over {large:,}", [sum(whole)], "µs/message")
    report.value("  of it coordinator", [whole[0]], "µs/message")
    report.value("  of it worker", [whole[1]], "µs/message")
    report.value("  in its last tenth", [sum(last)], "µs/message")
    base = median(sum(cost) for cost in early)
    step = f"{small:,} to {double:,}"
    report.value(f"growth: all {large:,} / {step}", [sum(whole) / base], "×", most=1.1)
    report.value(f"growth: last tenth of {large:,} / {step}", [sum(last) / base], "×", most=1.1)
    report.value(f"growth: {step} after {large:,} / before", [median(sum(cost) for cost in late) / base], "×", most=1.1)
    report.value("growth: database per target", [grown / large], "bytes")
    report.value("growth: coordinator peak memory", [coordinator], "MiB", most=256)
    report.value("growth: worker peak memory", [worker], "MiB", most=128)


def _marginal(stage, plan, small, double, name, report):
    """What one message more costs coordinator and worker, in µs, between two sizes; what does not depend on size drops out."""
    costs = []
    # The first one warms caches up.
    for run in range(plan.growth_runs + 1):
        one = stage.run_campaign(f"{name}-small-{run}", small, "small")
        two = stage.run_campaign(f"{name}-double-{run}", double, "double")
        scale = 1e6 / (double - small)
        cost = tuple((two[key] - one[key]) * scale for key in ("coordinator_cpu", "worker_cpu"))
        report.progress(f"growth, {name}, run {run}: coordinator {cost[0]:.1f} µs, worker {cost[1]:.1f} µs a message")
        if run > 0:
            costs.append(cost)
    return costs


def _long_campaign(stage, count, report):
    """Coordinator's and worker's µs a message: over the whole campaign, and over its last tenth."""
    start = stage.cpu()
    campaign = stage.submit("long", "large")
    seen = [(0, start)]
    end = time.monotonic() + CAMPAIGN_SECONDS
    while True:
        time.sleep(1)
        status = stage.status(campaign)
        seen.append((status["counts"]["accepted"], stage.cpu()))
        if status["state"] == "finished":
            break
        if time.monotonic() > end:
            raise AssertionError(f"not finished: {status}")
    if seen[-1][0] != count or status["sent_twice"]:
        raise AssertionError(f"{count} messages were to be accepted: {status}")
    report.progress(f"growth: a campaign of {count:,} in {len(seen) - 1} s")

    def cost(begin):
        messages = seen[-1][0] - begin[0]
        return tuple((now - then) / messages * 1e6 for now, then in zip(seen[-1][1], begin[1]))

    tenth = [point for point in seen if point[0] <= count * 0.9][-1]
    return cost(seen[0]), cost(tenth)
