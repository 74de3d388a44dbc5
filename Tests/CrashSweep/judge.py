"""Compares what the relay wrote down with what the ledger says, after a campaign with kills."""

import collections
import json

SETTLED = ("accepted", "bounced", "in_doubt", "suppressed")
SHOWN = 5


class Verdict:
    """What was found wrong with one campaign, and the figures of the table."""

    def __init__(self):
        self.lost = self.twice = self.sent_again = 0
        self.in_doubt = collections.Counter()
        self.problems = []

    def expect(self, what, wrong):
        """`wrong` are the cases that must not be."""
        if wrong:
            shown = ", ".join(map(str, sorted(wrong)[:SHOWN])) + (", …" if len(wrong) > SHOWN else "")
            self.problems.append(f"{what}: {len(wrong)} ({shown})")


def judge(status, targets, accepted, doubts, doubted, faults, audience, on_doubt, refused):
    """
    status    as `campaign status --json` says it
    targets   the rows of `campaign targets --json`
    accepted  how often the relay accepted each address
    doubts    rows of `doubts_in_ledger`; `doubted` the addresses that were ever in doubt
    faults    of this campaign, in order, each with `at`, `victims` and `allowed`
    refused   addresses of which the ledger had said before that the relay refused them for good
    """
    verdict = Verdict()
    by_outcome = collections.defaultdict(set)
    for target in targets:
        by_outcome[target["outcome"]].add(target["address"])
    everybody = set().union(*by_outcome.values())
    settled = set().union(*(by_outcome[name] for name in SETTLED))

    missing = audience - settled
    unseen = by_outcome["accepted"] - accepted.keys()
    verdict.lost = len(missing | unseen)
    verdict.expect("without an outcome", missing)
    verdict.expect("accepted in the ledger, never seen by the relay", unseen)
    verdict.expect("in the ledger, not in the audience", everybody - audience)
    verdict.expect("listed twice", {one for one, n in collections.Counter(t["address"] for t in targets).items() if n > 1})
    verdict.expect("with another outcome", everybody - settled)
    verdict.expect("suppressed, and never refused", by_outcome["suppressed"] - refused)
    verdict.expect("refused for good, and tried again", (refused & everybody) - by_outcome["suppressed"])
    known = by_outcome["accepted"] | by_outcome["in_doubt"]
    verdict.expect("accepted by the relay, unknown to the ledger", accepted.keys() - known)

    if sum(status["counts"].values()) != status["audience"] or status["audience"] != len(audience):
        verdict.problems.append(f"the counts do not fit: {json.dumps(status)}")
    for name in SETTLED:
        if status["counts"][name] != len(by_outcome[name]):
            verdict.problems.append(f"status counts {status['counts'][name]} {name}, targets {len(by_outcome[name])}")

    again = {address: times for address, times in accepted.items() if times > 1}
    if on_doubt == "hold":
        verdict.twice = len(again)
        verdict.expect("sent twice", again.keys())
        if status["sent_twice"]:
            verdict.problems.append(f"status says sent_twice {status['sent_twice']}")
    else:
        # A doubt may be sent again once.
        wrong = {address for address, times in again.items() if times > 2 or address not in doubted}
        verdict.twice, verdict.sent_again = len(wrong), len(again) - len(wrong)
        verdict.expect("sent twice without a doubt before", wrong)

    for address, worker, at in doubts:
        causes = [fault for fault in faults if fault.at <= at and worker in fault.victims]
        if not causes:
            verdict.problems.append(f"in doubt without a cause: {address} of {worker} at {at}")
            continue
        verdict.in_doubt[causes[-1]] += 1
    for fault, count in verdict.in_doubt.items():
        if count > fault.allowed:
            verdict.problems.append(f"{fault}: {count} in doubt, {fault.allowed} allowed")
    return verdict
