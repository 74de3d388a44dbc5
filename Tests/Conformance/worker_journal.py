"""What the worker must still know when it was killed: intents, and outcomes that were not acknowledged."""

import json
import os
import secrets


class Journal:
    """One JSON line a record, written through to the kernel: it survives the process, not a power cut."""

    def __init__(self, path):
        self.path = path
        self.id = secrets.token_bytes(16)
        self.unsettled = {}  # epoch -> positions with an intent and no outcome
        self.unacknowledged = {}  # (epoch, position) -> fact
        if os.path.exists(path):
            self._read()
        self._rewrite()
        self.file = open(path, "a", encoding="utf-8")

    def intent(self, epoch, position):
        self.unsettled.setdefault(epoch, set()).add(position)
        self._append({"intent": [epoch, position]})

    def outcome(self, epoch, position, fact):
        self.unsettled.get(epoch, set()).discard(position)
        self.unacknowledged[epoch, position] = fact
        self._append({"outcome": [epoch, position], "fact": fact})

    def acknowledged(self, epoch, position):
        self.unacknowledged.pop((epoch, position), None)
        self._append({"acknowledged": [epoch, position]})

    def begun(self):
        """Positions by epoch of which the coordinator has no acknowledged outcome."""
        positions = {epoch: set(held) for epoch, held in self.unsettled.items() if held}
        for epoch, position in self.unacknowledged:
            positions.setdefault(epoch, set()).add(position)
        return positions

    def _append(self, record):
        self.file.write(json.dumps(record) + "\n")
        self.file.flush()

    def _read(self):
        with open(self.path, encoding="utf-8") as file:
            for line in file:
                try:
                    record = json.loads(line)
                except ValueError:
                    break  # a torn last line: what it was about had not happened yet
                if "journal" in record:
                    self.id = bytes.fromhex(record["journal"])
                elif "intent" in record:
                    epoch, position = record["intent"]
                    self.unsettled.setdefault(epoch, set()).add(position)
                elif "outcome" in record:
                    epoch, position = record["outcome"]
                    self.unsettled.get(epoch, set()).discard(position)
                    self.unacknowledged[epoch, position] = record["fact"]
                else:
                    self.unacknowledged.pop(tuple(record["acknowledged"]), None)

    def _rewrite(self):
        with open(self.path + ".new", "w", encoding="utf-8") as file:
            file.write(json.dumps({"journal": self.id.hex()}) + "\n")
            for epoch, positions in self.unsettled.items():
                for position in sorted(positions):
                    file.write(json.dumps({"intent": [epoch, position]}) + "\n")
            for (epoch, position), fact in self.unacknowledged.items():
                file.write(json.dumps({"outcome": [epoch, position], "fact": fact}) + "\n")
        os.replace(self.path + ".new", self.path)
