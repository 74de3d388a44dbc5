"""What deploy/ has: the install script, the units and what they forbid, example settings, the compose file."""

import os
import re
import shutil
import stat
import subprocess
import sys
import unittest
from pathlib import Path

import confined
from harness import REPOSITORY, EndToEndTest, programs

DEPLOY = REPOSITORY / "deploy"
UNITS = {"postrider-coordinator.service": "postrider", "postrider-worker@.service": "postrider-worker"}
EXPOSURE_MAX = 2.5
PEOPLE = 300


class InstallTest(EndToEndTest):
    def install(self, *arguments, expect=0):
        words = [DEPLOY / "install", "--root", self.folder / "root", *arguments]
        result = subprocess.run(words, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual(result.returncode, expect, result.stdout)
        return result.stdout

    def tree(self):
        """Every path below the root with its kind, mode and content's size."""
        root = self.folder / "root"
        found = {}
        for path in sorted(root.rglob("*")):
            status = path.lstat()
            size = status.st_size if stat.S_ISREG(status.st_mode) else os.readlink(path) if path.is_symlink() else None
            found[str(path.relative_to(root))] = (stat.filemode(status.st_mode), size)
        return found

    def test_twice_is_as_once_and_uninstalling_leaves_the_data(self):
        self.install("--from", programs())
        once = self.tree()
        for name in ("postrider", "postrider-coordinator", "postrider-worker"):
            self.assertEqual(once[f"usr/lib/postrider/{name}"][0], "-rwxr-xr-x")
            self.assertEqual(once[f"usr/bin/{name}"][1], f"../lib/postrider/{name}")
        for folder in UNITS.values():
            self.assertEqual(once[f"var/lib/{folder}"][0], "drwx------")
        for unit in UNITS:
            self.assertEqual(once[f"usr/lib/systemd/system/{unit}"][0], "-rw-r--r--")
        self.assertIn("usr/share/doc/postrider/operations.md", once)
        for page in ("postrider", "postrider-campaign", "postrider-why"):
            self.assertEqual(once[f"usr/share/man/man1/{page}.1"][0], "-rw-r--r--")
        manual = (self.folder / "root/usr/share/man/man1/postrider-campaign.1").read_text()
        self.assertIn(".SS postrider campaign preview", manual)
        synopsis = manual.split(".B postrider campaign clone\n")[1].split("\n")[0].replace("\\-", "-")
        self.assertTrue(synopsis.startswith("ID [--unsent] [--budget N]") and "[--json]" in synopsis, synopsis)
        self.assertIn("postrider campaign preview first\\-caucus.yaml \\-\\-sample 5", manual)
        self.install("--from", programs())
        self.assertEqual(self.tree(), once)

        data = self.folder / "root/var/lib/postrider/postrider.yaml"
        data.write_text("data_dir: ./data\n")
        self.assertIn("kept:", self.install("--uninstall"))
        files = [path for path, (mode, _) in self.tree().items() if not mode.startswith("d")]
        self.assertEqual(files, ["var/lib/postrider/postrider.yaml"])
        self.install("--uninstall", "--purge")
        self.assertEqual([path for path in self.tree() if path.startswith("var/lib/")], [])

    def test_what_is_installed_runs_by_itself(self):
        self.install("--from", programs())
        root = self.folder / "root"
        said = subprocess.run(
            [root / "usr/bin/postrider", "--version"], env={}, check=True, stdout=subprocess.PIPE, text=True
        ).stdout
        self.assertRegex(said, r"^\d+\.\d+\.\d+\n$")
        # A machine without Swift: every library of Swift's is found beside the program.
        linked = subprocess.run(
            ["ldd", programs() / "postrider-worker"], check=True, stdout=subprocess.PIPE, text=True
        ).stdout
        wanted = set(re.findall(r"=> \S*/((?:lib[Ss]wift|lib_?Foundation|libdispatch|libBlocks)\S*) ", linked))
        self.assertEqual(wanted - set(os.listdir(root / "usr/lib/postrider")), set())

    def test_shells_complete_commands(self):
        self.install("--from", programs())
        share = self.folder / "root/usr/share"
        completion = share / "bash-completion/completions/postrider"
        words = 'COMP_WORDS=(postrider campaign app); COMP_CWORD=2; _postrider postrider app campaign; echo "${COMPREPLY[@]}"'
        said = subprocess.run(
            ["bash", "-c", f"source {completion}; {words}"], check=True, stdout=subprocess.PIPE, text=True,
            env={"PATH": f"{share.parent / 'bin'}:{os.environ['PATH']}"},
        ).stdout
        self.assertEqual(said, "approve\n")
        self.assertIn("#compdef postrider", (share / "zsh/site-functions/_postrider").read_text())
        self.assertIn("complete -c 'postrider'", (share / "fish/vendor_completions.d/postrider.fish").read_text())
        for shell, file in (("zsh", "zsh/site-functions/_postrider"),
                            ("fish", "fish/vendor_completions.d/postrider.fish")):
            if shutil.which(shell):
                subprocess.run([shell, "-n", share / file], check=True)

    def test_wrong_words_are_refused(self):
        self.assertIn("deploy/install", self.install("--frmo", "x", expect=64))
        self.assertIn("--purge", self.install("--purge", expect=64))
        self.assertIn("postrider is missing", self.install("--from", self.folder, expect=1))


class UnitTest(EndToEndTest):
    def test_the_units_expose_little(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("systemd-analyze is missing; Debian's package systemd has it")
        for unit in UNITS:
            result = subprocess.run(
                ["systemd-analyze", "security", "--no-pager", "--offline=yes", DEPLOY / unit],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            )
            found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", result.stdout)
            if not found:
                self.skipTest(f"this systemd-analyze judges no files: {result.stdout.strip()[:200]}")
            self.assertLess(float(found[1]), EXPOSURE_MAX, result.stdout)
            print(f"  {unit}: {found[1]}", flush=True)

    def test_a_campaign_is_sent_under_what_the_units_forbid(self):
        missing = confined.missing()
        if missing:
            self.skipTest(f"{missing}, which this test needs")

        def behind(unit):
            return (sys.executable, Path(confined.__file__), DEPLOY / unit)

        sink = self.start("sink", [programs() / "postrider", "sink", "--listen", "127.0.0.1:0", "--json"])
        place = sink.wait_for_line("the sink listens", lambda line: "listening" in line)["listening"]
        cluster = self.cluster(int(place.rsplit(":", 1)[1]))
        cluster.start_coordinator(behind=behind("postrider-coordinator.service"))
        cluster.start_worker("w1", behind=behind("postrider-worker@.service"))
        for process in (cluster.coordinator, cluster.workers["w1"]):
            status = Path(f"/proc/{process.pid}/status").read_text()
            self.assertRegex(status, r"Seccomp:\s+2")
            self.assertRegex(status, r"NoNewPrivs:\s+1")
        cluster.import_contacts({"email": f"p{number}@site{number % 7}.example"} for number in range(PEOPLE))
        campaign = cluster.submit(variants=[{"name": "all", "subject": "Hello", "text": "Hello.\n"}])
        status = cluster.wait_finished(campaign)
        self.assertEqual(status["counts"]["accepted"], PEOPLE)
        self.assertEqual(len(cluster.targets(campaign)), PEOPLE)
        # The end, too, needs nothing that is forbidden.
        for process in (cluster.workers["w1"], cluster.coordinator):
            self.assertEqual(process.stop(), 0, process.last_words())
            self.assertNotIn("not permitted", process.text())


class ExampleTest(EndToEndTest):
    def test_the_settings_are_read_without_a_complaint(self):
        for name in ("postrider.yaml", "compose.postrider.yaml"):
            folder = self.folder / name.replace(".", "-")
            folder.mkdir()
            shutil.copy(DEPLOY / "examples" / name, folder / "postrider.yaml")
            password = folder / "mail.password"
            password.write_text("secret\n")
            password.chmod(0o600)
            cluster = self.cluster(25, name=f"beside-{folder.name}")
            shutil.copytree(cluster.folder / "tokens", folder / "tokens")
            # Nobody listens there: 69 says that everything before the connection went well, 65 that the settings are wrong.
            words = ["workers", "--config", folder / "postrider.yaml", "--url", "http://127.0.0.1:1"]
            cluster.command(*words, expect=69)

    def test_the_compose_file_is_one(self):
        program = shutil.which("docker-compose")
        if not program:
            self.skipTest("docker-compose is missing; Debian's package of that name has it")
        result = subprocess.run(
            [program, "-f", DEPLOY / "compose.yaml", "config", "-q"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        self.assertEqual(result.returncode, 0, result.stdout)


if __name__ == "__main__":
    unittest.main()
