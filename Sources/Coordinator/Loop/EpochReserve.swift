import Domain

/// How far epochs may be granted: never above what the marker beside the database says.
///
/// The marker's file is what a restored database is recognised by, so it is ahead of every grant. It is moved in steps, since moving it
/// takes two syncs: ahead of what a turn uses, and little more while little is granted.
struct EpochReserve {
    /// The marker's epoch: grants up to it may leave.
    private(set) var onDisk = Epoch(0)
    /// What the database says in this turn, to be put on the disk once it is committed.
    private(set) var pending: Epoch?
    private var turnStart = Epoch(0)

    /// Grants in a step when few are made: less than a minute's worth for one worker.
    static let stepMin: UInt64 = 64

    /// A turn begins; what an earlier one did not commit is forgotten.
    mutating func beginTurn(at epoch: Epoch) {
        self.turnStart = epoch
        self.pending = nil
    }

    func allows(_ epoch: Epoch) -> Bool { epoch <= self.onDisk }

    /// Asks for more when little is left.
    ///
    /// - Returns: What the database is to say; `nil` while there is enough.
    mutating func extend(from epoch: Epoch) -> Epoch? {
        let used = epoch.rawValue - min(epoch.rawValue, self.turnStart.rawValue)
        let left = self.onDisk.rawValue - min(self.onDisk.rawValue, epoch.rawValue)
        guard left < max(Self.stepMin / 2, used * 2) else { return nil }
        return self.reserve(Epoch(epoch.rawValue + max(Self.stepMin, used * 4)))
    }

    /// Notes what the database says from this turn on.
    mutating func reserve(_ epoch: Epoch) -> Epoch {
        self.pending = epoch
        return epoch
    }

    /// The marker was moved.
    mutating func wasWritten(_ epoch: Epoch) {
        self.onDisk = epoch
        self.pending = nil
    }
}
