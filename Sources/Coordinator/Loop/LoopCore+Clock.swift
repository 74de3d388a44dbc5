import Domain
import Engine
import Logging
import Storage
import Telemetry

/// What the loop does about a machine whose clock is set.
extension LoopCore {
    /// Reads the clock for this turn.
    func readClock(_ machine: Timestamp) {
        let jump = self.clock.read(machine, at: self.now)
        self.wall = self.clock.time
        if jump != 0 { self.noteJump(jump) }
    }

    /// Goes on by the clock of the process before; once, before the state is read.
    func startClock(_ machine: Timestamp) throws(StoreError) {
        self.clock = SteadyClock(wall: machine, at: self.now)
        if let text = try self.stores.cluster.meta(MetaKey.clock), let note = SteadyClock.Note(text) {
            self.clock = SteadyClock(after: note, wall: machine, at: self.now, bootID: self.options.machineBoot)
            if self.clock.skew != note.skew { self.noteJump(self.clock.skew - note.skew) }
        }
        self.wall = self.clock.time
    }

    private func noteJump(_ milliseconds: Int64) {
        self.nextClockNote = self.now
        let way = milliseconds > 0 ? "forward" : "back"
        self.log(
            LoopNote(
                .warning,
                .clockJumped,
                "the machine's clock went \(way) by \(abs(milliseconds) / 1_000) s at once: what waits goes on as before",
                [(.duration, .number(milliseconds))]
            )
        )
    }

    /// Writes what the next process has to know; in a turn's transaction.
    func saveClock() throws(StoreError) {
        if self.clock.skew != 0, self.campaigns.isEmpty, self.unreadable.isEmpty {
            // Nothing waits: from here on times are the machine's again. What throttles stored moves along.
            try self.stores.cluster.moveLevels(byMilliseconds: self.clock.skew)
            self.clock.settle()
            self.wall = self.clock.time
            self.nextClockNote = self.now
        }
        guard self.now >= self.nextClockNote, self.clock.skew != 0 || !self.campaigns.isEmpty || self.clockIsNoted
        else { return }
        try self.stores.cluster.setMeta(MetaKey.clock, self.clock.note(bootID: self.options.machineBoot).text)
        self.clockIsNoted = !self.campaigns.isEmpty || self.clock.skew != 0
        self.nextClockNote = self.now.advanced(byMilliseconds: LoopLimits.clockNoteMilliseconds)
    }
}

extension SteadyClock.Note {
    /// As it stands in the `meta` table: time, skew, boot clock, boot.
    var text: String {
        "\(self.time.milliseconds) \(self.skew) \(self.readAt.milliseconds(since: Instant(milliseconds: 0))) \(self.bootID)"
    }

    /// - Returns: `nil` for what ``text`` does not make.
    init?(_ text: String) {
        let parts = text.split(separator: " ", maxSplits: 3)
        guard parts.count == 4, let time = Int64(parts[0]), let skew = Int64(parts[1]), let readAt = Int64(parts[2])
        else { return nil }
        self.init(
            time: Timestamp(milliseconds: time),
            skew: skew,
            readAt: Instant(milliseconds: readAt),
            bootID: String(parts[3])
        )
    }
}
