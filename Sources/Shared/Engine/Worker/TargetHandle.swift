package import Domain

/// Names one target of one lease inside this process, in 64 bits: found again without a search, never used twice.
///
/// | bits | part |
/// |---|---|
/// | 24–63 | serial of the lease, from 1, one higher with each |
/// | 8–23 | slot of the lease in its ``LeaseBook`` |
/// | 0–7 | index of the target in the shard |
package struct TargetHandle: Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    init(serial: UInt64, slot: Int, index: Int) {
        self.rawValue = serial << 24 | UInt64(slot) << 8 | UInt64(index)
    }

    var serial: UInt64 { self.rawValue >> 24 }
    /// Slot of the lease: what belongs to a shard can be kept in an array by it while the lease lives.
    package var slot: Int { Int(self.rawValue >> 8 & 0xFFFF) }
    /// Index of the target in its shard, 0 to 255.
    package var index: Int { Int(self.rawValue & 0xFF) }
}

/// What a worker says came of a target.
package enum Fate: UInt8, Hashable, Sendable, CaseIterable {
    // The raw values are those of `OutcomeCode` on the wire, and are written to the journal: never renumber.
    case accepted = 1
    case deferred = 2
    case bounced = 3
    case inDoubt = 5
    case failed = 8
    /// Not begun; no attempt was used.
    case returned = 15
}

/// A fact about one target under one lease, as it is journalled and reported.
package struct TargetFact: Hashable, Sendable {
    package var epoch: Epoch
    package var position: UInt32
    package var fate: Fate
    package var reason: Reason?
    /// `nil` when no relay said anything.
    package var reply: RelayReply?
    package var at: Timestamp
    /// Seconds the relay named for a deferral; 0 for none.
    package var retryAfterSeconds: UInt32

    package init(
        epoch: Epoch,
        position: UInt32,
        fate: Fate,
        reason: Reason? = nil,
        reply: RelayReply? = nil,
        at: Timestamp,
        retryAfterSeconds: UInt32 = 0
    ) {
        self.epoch = epoch
        self.position = position
        self.fate = fate
        self.reason = reason
        self.reply = reply
        self.at = at
        self.retryAfterSeconds = retryAfterSeconds
    }
}

/// What a worker still knows of one lease, as `Hello` lists it.
package struct HeldLease: Hashable, Sendable {
    package var epoch: Epoch
    /// Still being worked on.
    package var running: Bool
    /// Positions that may have been begun, ascending.
    package var begun: [UInt32]

    package init(epoch: Epoch, running: Bool, begun: [UInt32]) {
        self.epoch = epoch
        self.running = running
        self.begun = begun
    }
}
