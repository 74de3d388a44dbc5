"""A whole campaign, against `smtp-source -d -s 32` with as many messages of the same size to the same sink."""

from .stage import Stage, message_sizes

# The worker keeps 32 connections open, as smtp-source does.
CONNECTIONS = 32


def measure(plan, report):
    size, length = message_sizes()
    for workers in plan.workers:
        with Stage(workers=workers, connections=CONNECTIONS // workers, keep=plan.keep) as stage:
            stage.start_sink()
            stage.start_cluster()
            stage.import_people(0, plan.messages)
            ours, theirs = [], []
            # In turns, so that whatever else the machine does meets both.
            for run in range(plan.runs + 1):
                other = stage.run_source(plan.messages, length)
                own = stage.run_campaign(f"campaign-{run}", plan.messages)
                report.progress(
                    f"campaign, {workers} worker(s), run {run}: {own['seconds']:.2f} s, smtp-source {other['seconds']:.2f} s"
                )
                # The first one warms caches up, for both.
                if run > 0:
                    ours.append(own)
                    theirs.append(other)
            coordinator, worker = stage.peaks()
        name = f"campaign of {plan.messages:,}, {workers} worker{'s' if workers > 1 else ''}"
        report.ratio(
            name,
            [own["seconds"] for own in ours],
            "smtp-source -d -s 32",
            [other["seconds"] for other in theirs],
            goal=1.0,
            unit="s",
            note=f"{size:,.0f} bytes a message",
        )
        report.value(f"{name}: rate", [plan.messages / own["seconds"] for own in ours], "messages/s")
        report.value("smtp-source: rate", [plan.messages / other["seconds"] for other in theirs], "messages/s")
        per = 1e6 / plan.messages
        # Where both are to share a busy machine, this says more than the clock.
        report.times(
            f"{name}: CPU of all",
            [(own["coordinator_cpu"] + own["worker_cpu"] + own["sink_cpu"]) * per for own in ours],
            "smtp-source and the sink",
            [(other["cpu"] + other["sink_cpu"]) * per for other in theirs],
            unit="µs/message",
        )
        report.value(f"{name}: coordinator CPU", [own["coordinator_cpu"] * per for own in ours], "µs/message")
        report.value(f"{name}: worker CPU", [own["worker_cpu"] * per for own in ours], "µs/message")
        report.value("  of the sink meanwhile", [own["sink_cpu"] * per for own in ours], "µs/message")
        report.value("smtp-source: CPU", [other["cpu"] * per for other in theirs], "µs/message")
        report.value("  of the sink meanwhile", [other["sink_cpu"] * per for other in theirs], "µs/message")
        report.value(f"{name}: coordinator peak memory", [coordinator], "MiB", most=256)
        report.value(f"{name}: worker peak memory", [worker], "MiB", most=128)
