package import Domain

/// The time of day as far as waiting goes by it: it goes on evenly when somebody sets the machine's clock.
///
/// Retries, expiry and approvals are stored as times of day, because a machine may be off in between; but they mean durations. So a
/// jump of the machine's clock is kept as a skew, which a restart finds again: due times stay as far away as they were.
///
///     time = machine's clock − skew
package struct SteadyClock: Hashable, Sendable {
    /// Larger steps than this are jumps.
    ///
    /// What keeps a clock right moves it by less; a due time may be wrong by so much.
    package static let stepMilliseconds: Int64 = 10_000

    /// The present, without jumps.
    package private(set) var time: Timestamp
    /// All jumps so far.
    package private(set) var skew: Int64
    private var readAt: Instant

    /// - Parameters:
    ///   - wall: The machine's clock.
    ///   - now: By a clock that cannot be set.
    ///   - skew: Jumps that are known.
    package init(wall: Timestamp = Timestamp(milliseconds: 0), at now: Instant, skew: Int64 = 0) {
        self.time = wall.advanced(byMilliseconds: -skew)
        self.skew = skew
        self.readAt = now
    }

    /// What an earlier process noted of its clock.
    package struct Note: Hashable, Sendable {
        package let time: Timestamp
        package let skew: Int64
        package let readAt: Instant
        /// The boot of the machine to whose clock `readAt` belongs.
        package let bootID: String

        package init(time: Timestamp, skew: Int64, readAt: Instant, bootID: String) {
            self.time = time
            self.skew = skew
            self.readAt = readAt
            self.bootID = bootID
        }
    }

    /// What has to be stored so that a restart finds the skew again.
    package func note(bootID: String) -> Note {
        Note(time: self.time, skew: self.skew, readAt: self.readAt, bootID: bootID)
    }

    /// Goes on where an earlier process was.
    ///
    /// Within one boot a jump in between is known by the other clock. After another boot nobody knows how long the machine was off:
    /// its clock is believed, except that time does not go back.
    package init(after note: Note, wall: Timestamp, at now: Instant, bootID: String) {
        self.init(wall: wall, at: now, skew: note.skew)
        if note.bootID == bootID, now >= note.readAt {
            self.time = note.time
            self.readAt = note.readAt
            self.skew = note.skew
            _ = self.read(wall, at: now)
        } else if self.time.milliseconds < note.time.milliseconds - Self.stepMilliseconds {
            self.skew = wall.milliseconds - note.time.milliseconds
            self.time = note.time
        }
    }

    /// Reads the clocks.
    ///
    /// - Returns: By how many milliseconds the machine's clock jumped since the last reading; 0 for not at all.
    package mutating func read(_ wall: Timestamp, at now: Instant) -> Int64 {
        let expected = self.time.milliseconds + self.skew + max(0, now.milliseconds(since: self.readAt))
        let jump = wall.milliseconds - expected
        self.readAt = max(self.readAt, now)
        let isJump = abs(jump) > Self.stepMilliseconds
        if isJump { self.skew += jump }
        self.time = wall.advanced(byMilliseconds: -self.skew)
        return isJump ? jump : 0
    }

    /// Takes the machine's clock as it is; nothing waits any more.
    package mutating func settle() {
        self.time = self.time.advanced(byMilliseconds: self.skew)
        self.skew = 0
    }
}
