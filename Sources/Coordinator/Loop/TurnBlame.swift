import Domain
import Engine

/// Finds out what it is that turns cannot be committed for, when the store refuses a statement each time it is tried.
///
/// A disk that is full is everybody's trouble and ends. A statement that is refused for what it says is refused again, and would
/// keep the loop from ever taking a turn; so what was being done then is put aside after it failed twice.
struct TurnBlame {
    /// What a turn is busy with.
    enum Work: Hashable {
        /// What a worker says of one target.
        case fact(Epoch, UInt32)
        /// Any other frame of this worker.
        case frames(String)
        case campaign(Campaign.ID)
    }

    /// How a fact is taken.
    enum Care {
        case whole
        /// Without the relay's words and the worker's time.
        case bare
        /// Not at all, and not acknowledged either.
        case leftOut
    }

    /// Once may be chance: what failed may have been something else of the turn.
    static let failuresMax = 2
    /// How long a worker whose frames cannot be taken has to wait.
    static let framesMilliseconds: Int64 = 60_000
    /// Frames of one worker within ``unreadMilliseconds`` that cannot be read, after which it has to wait: with each it begins anew, and
    /// would say the same again as fast as it can.
    static let unreadMax = 3
    static let unreadMilliseconds: Int64 = 10_000
    /// More than this is no matter of single facts; the oldest gives way.
    static let rememberedMax = 1_000

    private struct Failures {
        var count = 0
        /// When the last one was; those of one turn fail in order.
        var last = 0
    }

    var work: Work?
    private var failures: [Work: Failures] = [:]
    private var failedTurns = 0
    private var framesWait: [String: Instant] = [:]
    private var unread: [String: (count: Int, since: Instant)] = [:]
    private(set) var halted: [Campaign.ID: String] = [:]

    /// A turn failed over what it was busy with.
    ///
    /// - Returns: What is put aside from now on, if this was once too often.
    mutating func failed(_ text: String, at now: Instant) -> Work? {
        guard let work = self.work else { return nil }
        self.work = nil
        if self.failures[work] == nil { self.makeRoom() }
        self.failedTurns += 1
        var failures = self.failures[work] ?? Failures()
        failures.count += 1
        failures.last = self.failedTurns
        self.failures[work] = failures
        guard failures.count >= Self.failuresMax else { return nil }
        switch work {
        case .fact: break
        case .frames(let name): self.framesWait[name] = now.advanced(byMilliseconds: Self.framesMilliseconds)
        case .campaign(let id): self.halted[id] = text
        }
        return work
    }

    /// Forgets what failed longest ago: if it still does, it is found again.
    private mutating func makeRoom() {
        guard self.failures.count >= Self.rememberedMax else { return }
        guard let oldest = self.failures.min(by: { $0.value.last < $1.value.last })?.key else { return }
        self.failures[oldest] = nil
    }

    mutating func begin(_ epoch: Epoch, _ position: UInt32) -> Care {
        let work = Work.fact(epoch, position)
        self.work = work
        guard !self.failures.isEmpty, let count = self.failures[work]?.count else { return .whole }
        return count < Self.failuresMax ? .whole : count < 2 * Self.failuresMax ? .bare : .leftOut
    }

    /// A frame of this worker cannot be read.
    ///
    /// - Returns: Whether none is taken for a while.
    mutating func cannotRead(_ name: String, at now: Instant) -> Bool {
        var seen = self.unread[name] ?? (count: 0, since: now)
        if now.milliseconds(since: seen.since) > Self.unreadMilliseconds { seen = (count: 0, since: now) }
        seen.count += 1
        guard seen.count >= Self.unreadMax else {
            self.unread[name] = seen
            return false
        }
        self.unread[name] = nil
        self.framesWait[name] = now.advanced(byMilliseconds: Self.framesMilliseconds)
        return true
    }

    /// Whether the frames of this worker are taken.
    mutating func takesFrames(of name: String, at now: Instant) -> Bool {
        self.work = .frames(name)
        return self.framesWait[name].map { now >= $0 } ?? true
    }
}
