"""The HTTP API as programs see it: what its OpenAPI file says is true, tokens count at once, and the audit shows every change."""

import json
import sqlite3
import subprocess
import sys
import unittest
import urllib.error
import urllib.request
from pathlib import Path

from harness import CommandFailure, EndToEndTest, free_ports

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
# Of each request; a few thousand in all.
EXAMPLES = 6
# Faults of the server, and answers that are not what the file says.
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "ignored_auth",
    "unsupported_method",
)
SCHEMATHESIS_SECONDS = 240


class ApiTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        # Nothing is sent, so nobody has to listen there.
        self.running = self.cluster(free_ports(1)[0])
        self.running.start_coordinator()

    def status(self, token, path="/v1/campaigns"):
        """The HTTP status for a token."""
        request = urllib.request.Request(self.running.url + path, headers={"Authorization": f"Bearer {token}"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def token(self, role):
        return (self.running.folder / "tokens" / f"{role}.token").read_text().strip()

    def restart(self):
        self.running.coordinator.stop()
        self.running.start_coordinator()

    @unittest.skipUnless(SCHEMATHESIS.exists(), "schemathesis is missing; scripts/test-peers fetches it")
    def test_every_answer_is_what_the_openapi_file_says(self):
        # Revoking is tried below: the search would begin with the tokens that it and this test show.
        made = self.running.json("token", "add", "schemathesis", "--role", "admin")["token"]
        self.running.import_contacts([{"email": f"p{i}@site.example", "first_name": f"P{i}"} for i in range(20)])
        self.running.submit(approve=False)
        command = [SCHEMATHESIS, "run", f"{self.running.url}/openapi.yaml", "--header", f"Authorization: Bearer {made}"]
        command += ["--checks", ",".join(CHECKS), "--max-examples", EXAMPLES, "--seed", 1, "--no-color"]
        command += ["--phases", "examples,coverage,fuzzing", "--suppress-health-check", "all", "--warnings", "off"]
        command += ["--generation-database", "none", "--exclude-operation-id", "revokeToken"]
        result = subprocess.run(
            [str(word) for word in command],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SCHEMATHESIS_SECONDS,
        )
        print("\n  " + "\n  ".join(result.stdout.splitlines()[-12:]), flush=True)
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertTrue(self.running.coordinator.is_running)
        self.assertTrue(self.running.json("audit", "verify")["intact"])

    def test_a_token_counts_until_it_is_revoked_also_over_a_restart(self):
        ann = self.running.json("token", "add", "ann", "--role", "viewer", "--expires", "90d")["token"]
        bob = self.running.command("token", "add", "bob", "--role", "operator").strip()
        self.assertEqual([self.status(ann), self.status(bob)], [200, 200])
        self.assertEqual(self.status(ann, "/v1/tokens"), 403)
        with self.assertRaises(CommandFailure) as refused:
            self.running.command("token", "add", "ann", "--role", "viewer")
        self.assertEqual(refused.exception.code, 1)
        self.running.command("token", "revoke", "ann")
        self.running.command("token", "revoke", "viewer")
        self.assertEqual([self.status(ann), self.status(self.token("viewer")), self.status(bob)], [401, 401, 200])
        self.restart()
        self.assertEqual([self.status(ann), self.status(self.token("viewer")), self.status(bob)], [401, 401, 200])
        states = {token["name"]: token["state"] for token in self.running.json("token", "list")["tokens"]}
        self.assertEqual((states["ann"], states["bob"], states["viewer"]), ("revoked", "valid", "revoked"))
        with self.assertRaises(CommandFailure) as refused:
            self.running.command("token", "list", role="operator")
        self.assertEqual(refused.exception.code, 77)
        # Only hashes are stored.
        for path in (self.running.folder / "data").rglob("*"):
            self.assertFalse(path.is_file() and ann.encode() in path.read_bytes(), path)

    def test_a_refused_import_may_be_tried_again_with_its_key(self):
        def send(path, body):
            headers = {"Authorization": f"Bearer {self.token('operator')}", "Idempotency-Key": path.split("?")[0]}
            request = urllib.request.Request(self.running.url + path, body, headers)
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return answer.status, json.load(answer)
            except urllib.error.HTTPError as error:
                return error.code, json.load(error)

        for path in ("/v1/imports?file=people.csv", "/v1/suppressions/import?file=people.csv"):
            for _ in range(2):
                status, problem = send(path, b"email\nbroken\n")
                self.assertEqual((status, problem["title"]), (422, "The input is wrong"), problem)
            # Another file under that key: the first one did nothing.
            status, answer = send(path, b"email\nann@campaign.example\n")
            self.assertEqual(status, 200, answer)
            self.assertEqual(send(path, b"email\nann@campaign.example\n"), (200, answer))
            self.assertEqual(send(path, b"email\nbob@campaign.example\n")[0], 422)

    def test_a_changed_a_removed_and_a_cut_row_of_the_audit_are_found(self):
        self.running.import_contacts([{"email": "ann@site.example", "first_name": "Ann"}])
        self.running.submit()
        self.running.command("token", "add", "carl", "--role", "viewer")
        rows = [json.loads(line) for line in self.running.command("audit", "export").splitlines()]
        self.assertEqual([row["row"] for row in rows], list(range(1, len(rows) + 1)))
        acts = [row["act"] for row in rows]
        for act in ("import_begin", "import_end", "submit", "start", "approve", "token_add viewer"):
            self.assertIn(act, acts)
        self.assertEqual({row["origin"] for row in rows}, {"127.0.0.1"})
        self.assertTrue(self.running.json("audit", "verify")["intact"])
        log = self.folder / "coordinator.jsonl"
        log.write_text("\n".join(json.dumps(line) for line in self.running.coordinator.lines()))
        self.running.command("audit", "verify", "--log", log)

        changes = [
            ("UPDATE audit SET who = 'eve' WHERE id = 3", "row 3"),
            ("DELETE FROM audit WHERE id = 2", "row 2"),
            (f"DELETE FROM audit WHERE id = {len(rows)}", f"row {len(rows)}"),
        ]
        self.running.coordinator.stop()
        database = self.running.folder / "data" / "postrider.sqlite"
        untouched = database.read_bytes()
        for statement, place in changes:
            with self.subTest(statement):
                database.write_bytes(untouched)
                connection = sqlite3.connect(database)
                connection.execute(statement)
                connection.commit()
                connection.close()
                self.running.start_coordinator()
                with self.assertRaises(CommandFailure) as found:
                    self.running.command("audit", "verify")
                self.assertEqual(found.exception.code, 1)
                self.assertIn(place, found.exception.errors)
                self.running.coordinator.stop()

        # Who cuts the end and its note as well is convicted by the log.
        database.write_bytes(untouched)
        connection = sqlite3.connect(database)
        connection.execute(f"DELETE FROM audit WHERE id = {len(rows)}")
        head = f"{len(rows) - 1}:{rows[-2]['hash']}"
        connection.execute("UPDATE meta SET value = ? WHERE key = 'audit_head'", (head,))
        connection.commit()
        connection.close()
        self.running.start_coordinator()
        self.assertTrue(self.running.json("audit", "verify")["intact"])
        with self.assertRaises(CommandFailure) as found:
            self.running.command("audit", "verify", "--log", log)
        self.assertIn(f"row {len(rows)}", found.exception.errors)


if __name__ == "__main__":
    unittest.main()
