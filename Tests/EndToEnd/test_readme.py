"""The README's commands, word for word, on a machine of their own: ten minutes to a first own campaign must work as it is written."""

import os
import re
import shutil
import subprocess
import unittest

from harness import REPOSITORY, EndToEndTest, programs

SECONDS = 240
HEADING = "## Ten minutes to a first own campaign"


def script():
    """The commands below the heading, without those that build."""
    section = (REPOSITORY / "README.md").read_text(encoding="utf-8").split(HEADING)[1].split("\n## ")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return "\n".join(block for block in blocks if "make build" not in block)


class ReadmeTest(EndToEndTest):
    def test_the_first_own_campaign(self):
        # The README's ports are the standard ones, which others on this machine may have: a network of one's own has them free.
        own = ["unshare", "--map-root-user", "--user", "--net"] if os.geteuid() else ["unshare", "--net"]
        if not shutil.which("unshare") or subprocess.run([*own, "true"], stderr=subprocess.DEVNULL).returncode:
            self.skipTest("this machine lets nobody have a network of their own (unshare --net)")
        commands = script()
        self.assertIn("postrider campaign approve", commands)
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("POSTRIDER_")},
            "PATH": f"{programs()}:{os.environ['PATH']}",
        }
        # Whatever fails on the way ends it, and the shell's own children end with it.
        text = f"set -e\nip link set lo up\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n{commands}"
        result = subprocess.run(
            [*own, "bash", "-m", "-c", text], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS,
        )
        log = self.folder / "my" / "up.log"
        words = result.stdout + (log.read_text()[-2_000:] if log.exists() else "")
        self.assertEqual(result.returncode, 0, words)
        self.assertRegex(result.stdout, r"(?m)^members +2 ", words)
        self.assertRegex(result.stdout, r"zoe@example.org .*accepted", words)
        self.assertIn("accepted 3,", (self.folder / "my" / "sink.log").read_text(), words)


if __name__ == "__main__":
    unittest.main()
