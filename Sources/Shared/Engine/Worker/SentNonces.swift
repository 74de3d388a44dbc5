import Domain

/// When each of the newest requests was sent: a lease runs from the request it answers, not from when the answer came.
struct SentNonces {
    /// Requests that may be under way at once.
    ///
    /// A busy worker sends a credit every few milliseconds and the answer takes one turn of
    /// the coordinator; an answer to an older one than this is as good as none.
    static let capacity = 512

    private var entries: [(nonce: UInt64, sent: Instant, leaseBound: UInt64)] = []
    private var next = 0

    /// Notes a request; leases with a serial below `leaseBound` were named in it.
    mutating func note(_ nonce: UInt64, at sent: Instant, leaseBound: UInt64 = 0) {
        let entry = (nonce: nonce, sent: sent, leaseBound: leaseBound)
        if self.entries.count < Self.capacity {
            self.entries.append(entry)
        } else {
            self.entries[self.next] = entry
        }
        self.next = (self.next + 1) % Self.capacity
    }

    func find(_ nonce: UInt64) -> (sent: Instant, leaseBound: UInt64)? {
        // From the newest: that is nearly always the one asked for.
        var index = self.next
        for _ in 0..<self.entries.count {
            index = index == 0 ? self.entries.count - 1 : index - 1
            if self.entries[index].nonce == nonce { return (self.entries[index].sent, self.entries[index].leaseBound) }
        }
        return nil
    }

    mutating func removeAll() {
        self.entries.removeAll(keepingCapacity: true)
        self.next = 0
    }
}
