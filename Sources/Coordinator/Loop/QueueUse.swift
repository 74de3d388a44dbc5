/// What a worker has of one relay's messages for one queue, and how many of them it may send at once.
struct QueueUse: Hashable {
    private(set) var open = 0
    /// As the newest grant says.
    private var told = 0
    /// More, as an older one said: the worker may still be at it with what it was granted then.
    private var before = 0
    private var openBefore = 0

    /// Connection slots that it may be using.
    var slots: Int { self.openBefore > 0 ? max(self.told, self.before) : self.told }

    mutating func grant(_ count: Int, slots: Int) {
        if slots < self.told {
            self.before = self.slots
            self.openBefore = self.open
        }
        self.told = slots
        self.open += count
    }

    /// Messages that are out of its hands; it takes the older ones first.
    mutating func settle(_ count: Int) {
        self.open = max(0, self.open - count)
        self.openBefore = max(0, self.openBefore - count)
    }

    /// Messages that it handed back; those under way are others.
    mutating func handBack(_ count: Int) {
        self.open = max(0, self.open - count)
        self.openBefore = min(self.openBefore, self.open)
    }
}

/// One way that messages take out of a worker.
struct RelayQueue: Hashable {
    let relay: String
    /// A site of its own, or the name that many share.
    let site: String
}
