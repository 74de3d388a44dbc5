/// What a sink saw so far.
package struct SinkTally: Hashable, Sendable {
    package var connections = 0
    /// Recipients whose message was taken.
    package var accepted = 0
    /// Recipients refused for now (4xx).
    package var deferred = 0
    /// Recipients refused for good (5xx).
    package var refused = 0
    /// Recipients whose connection was closed without an answer.
    package var dropped = 0
    /// Addresses that a message was accepted for.
    package var addresses = 0
    /// Addresses that more than one message was accepted for.
    package var repeatedAddresses = 0
    /// Whether the two counts above are exact: ``SinkAddresses/countMax`` addresses are told apart, later ones are not
    /// counted.
    package var isExact = true
    /// Why log lines or kept messages are missing; `nil` when none are.
    package var problem: String?

    package init() {}

    /// One line for a terminal.
    package var line: String {
        var line =
            "accepted \(self.accepted), deferred \(self.deferred), refused \(self.refused), dropped \(self.dropped), "
        line +=
            "addresses \(self.addresses)\(self.isExact ? "" : " at least"), more than once \(self.repeatedAddresses)"
        if let problem = self.problem { line += "; \(problem)" }
        return line
    }
}

/// The addresses that were seen, by their hash: 9 bytes a slot, at most 75 MB.
package struct SinkAddresses: Sendable {
    /// Addresses told apart: that two of as many share a hash has a probability of one in two million.
    package static let countMax = 4_000_000
    /// Tries counted of one address.
    package static let triesMax = 60

    private static let isAccepted: UInt8 = 64
    private static let isRepeated: UInt8 = 128

    private var keys: [UInt64]
    /// The tries in the lower six bits, and two flags.
    private var states: [UInt8]
    private(set) var count = 0
    private let limit: Int

    /// - Parameter limit: Most addresses, at least 1.
    init(limit: Int = Self.countMax) {
        self.limit = limit
        self.keys = Array(repeating: 0, count: 1_024)
        self.states = Array(repeating: 0, count: 1_024)
    }

    /// Counts a try.
    ///
    /// - Parameter hash: Not 0.
    /// - Returns: The tries before it; `nil` when there is no room for another address.
    mutating func tried(_ hash: UInt64) -> Int? {
        guard let slot = self.slot(hash) else { return nil }
        let tries = Int(self.states[slot] & 63)
        if tries < 63 { self.states[slot] += 1 }
        return tries
    }

    /// Notes an accepted message.
    ///
    /// - Returns: Whether it is the first, and whether it is the second; `nil` when there is no room for another
    /// address.
    mutating func accepted(_ hash: UInt64) -> (isFirst: Bool, isSecond: Bool)? {
        guard let slot = self.slot(hash) else { return nil }
        let state = self.states[slot]
        if state & Self.isAccepted == 0 {
            self.states[slot] |= Self.isAccepted
            return (true, false)
        }
        self.states[slot] |= Self.isRepeated
        return (false, state & Self.isRepeated == 0)
    }

    private mutating func slot(_ hash: UInt64) -> Int? {
        if let slot = self.find(hash) { return slot }
        guard self.count < self.limit else { return nil }
        if self.count * 2 >= self.keys.count { self.grow() }
        var slot = Int(truncatingIfNeeded: hash >> 1) & (self.keys.count - 1)
        while self.keys[slot] != 0 { slot = (slot + 1) & (self.keys.count - 1) }
        self.keys[slot] = hash
        self.count += 1
        return slot
    }

    private func find(_ hash: UInt64) -> Int? {
        var slot = Int(truncatingIfNeeded: hash >> 1) & (self.keys.count - 1)
        while self.keys[slot] != 0 {
            if self.keys[slot] == hash { return slot }
            slot = (slot + 1) & (self.keys.count - 1)
        }
        return nil
    }

    private mutating func grow() {
        let keys = self.keys
        let states = self.states
        self.keys = Array(repeating: 0, count: keys.count * 2)
        self.states = Array(repeating: 0, count: keys.count * 2)
        for index in keys.indices where keys[index] != 0 {
            var slot = Int(truncatingIfNeeded: keys[index] >> 1) & (self.keys.count - 1)
            while self.keys[slot] != 0 { slot = (slot + 1) & (self.keys.count - 1) }
            self.keys[slot] = keys[index]
            self.states[slot] = states[index]
        }
    }
}
