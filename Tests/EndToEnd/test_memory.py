"""Both services work within a cap on their memory, whatever comes in: a file larger than the cap, and a whole campaign.

The cap is RLIMIT_DATA, which counts what a process may write to and nobody else, touched or not. A process that asked for
more would end there and then, and the test with it.
"""

import resource
import shutil
import signal
import unittest

from harness import SMALL, EndToEndTest, free_ports, programs, wait_until

MEBIBYTE = 1 << 20
# Stacks of all threads, and what the allocator keeps apart for each, are in it.
COORDINATOR_BYTES = 256 * MEBIBYTE
WORKER_BYTES = 256 * MEBIBYTE
# Threads' stacks count in full, so they get what they need and no more.
STACK_BYTES = 1 * MEBIBYTE
PEOPLE = 2_000 if SMALL else 10_000
FILE_BYTES = COORDINATOR_BYTES + 16 * MEBIBYTE
NOTE = "what was said at the door " * 160
# The longest that this file may take in all is ten minutes.
RUN_SECONDS = 400


def capped(limit):
    """Words in front of a command line that bound its memory."""
    return ["prlimit", f"--data={limit}", f"--stack={STACK_BYTES}"]


@unittest.skipUnless(shutil.which("prlimit"), "prlimit is missing (util-linux)")
class MemoryTest(EndToEndTest):
    def test_a_file_larger_than_the_cap_and_a_campaign(self):
        port, = free_ports(1)
        self.sink(port)
        cluster = self.cluster(port)
        environment = {"MALLOC_ARENA_MAX": "2"}
        config = cluster.folder / "postrider.yaml"
        cluster.coordinator = cluster._start(
            "coordinator", ["--config", config], "postrider-coordinator", environment, capped(COORDINATOR_BYTES)
        )
        cluster.wait_ready()
        self.assertEqual(resource.prlimit(cluster.coordinator.pid, resource.RLIMIT_DATA)[0], COORDINATOR_BYTES)
        cluster.start_worker("w1", environment, behind=capped(WORKER_BYTES))

        rows = self.write_file(cluster.folder / "large.csv")
        answer = cluster.json("contacts", "import", "large.csv", "--list", "everyone", seconds=RUN_SECONDS)
        self.assertEqual((answer["rows"], answer["created"], answer["rejected"]), (rows, PEOPLE, 0))

        campaign = cluster.submit(variants=[
            {"name": "all", "subject": "Hi {{first_name}}", "text": "Dear {{first_name}},\n\n{{note}}\n"},
        ])
        status = cluster.wait_finished(campaign, RUN_SECONDS)
        self.check_counts(status)
        self.assertEqual(status["counts"]["accepted"], PEOPLE)
        self.assertEqual(status["sent_twice"], 0)
        self.assertTrue(cluster.coordinator.is_running and cluster.workers["w1"].is_running)

    def write_file(self, path):
        """People over and over, with a long note each, until the file is larger than the coordinator may be."""
        rows = 0
        with open(path, "w", encoding="utf-8") as file:
            file.write("email,first_name,note\n")
            while file.tell() < FILE_BYTES or rows < PEOPLE:
                person = rows % PEOPLE
                file.write(f"p{person}@s{person % 50}.example,P{person},{NOTE}\n")
                rows += 1
        return rows

    def sink(self, port):
        sink = self.start("sink", [programs() / "postrider", "sink", "--listen", f"127.0.0.1:{port}"])
        wait_until("the sink listens", lambda: sink.text() or not sink.is_running, describe=sink.last_words)
        self.addCleanup(sink.send, signal.SIGTERM)
        return sink


if __name__ == "__main__":
    unittest.main()
