import Domain
import Testing

@testable import Engine

/// Drives a book with random events, and keeps its own simple account of what was granted and what came of it.
private struct BookRun {
    static let ttl: Int64 = 2_000
    var numbers: SplitMix64
    var book = LeaseBook()
    var now: Int64 = 0
    var epoch: UInt64 = 0
    var nonce: UInt64 = 0
    var sentAt: [UInt64: Int64] = [:]
    var deadline: [UInt64: Int64] = [:]
    var site: [UInt64: String] = [:]
    var slots: [String: Int] = [:]
    var openAtSite: [String: Int] = [:]
    var granted = 0
    var facts: [String: Int] = [:]
    var sent: [String: Int] = [:]
    /// Targets that were withdrawn before their last byte was let go.
    var withdrawn: Set<String> = []
    var inHand: [(handle: TargetHandle, epoch: UInt64, position: UInt32, intended: Bool)] = []

    init(seed: UInt64) {
        self.numbers = SplitMix64(seed)
        for _ in 0..<3 { _ = self.book.addRelay() }
        self.book.welcome(ttl: Self.ttl, credit: 400)
    }

    var time: Instant { Instant(milliseconds: self.now) }

    mutating func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self.numbers) }

    mutating func step() {
        self.now += Int64(self.pick(0...30))
        switch self.pick(0...19) {
        case 0...2: self.grant()
        case 3...8: self.take()
        case 9...12: self.intend()
        case 13...16: self.settle()
        case 17: self.credit()
        case 18: self.progress()
        default: self.disturb()
        }
        for back in self.book.expire(at: self.time) { self.note(back) }
    }

    mutating func credit() {
        self.nonce += 1
        self.sentAt[self.nonce] = self.now
        _ = self.book.offerCredit(nonce: self.nonce, at: self.time)
    }

    mutating func grant() {
        self.credit()
        self.now += Int64(self.pick(0...100))
        self.epoch += 1
        let name = "site\(self.pick(0...4))"
        let relay = self.pick(0...2)
        let key = "\(relay)/\(name)"
        let slots = self.slots[key] ?? self.pick(1...5)
        self.slots[key] = slots
        let count = self.pick(1...40)
        let offer = ShardOffer(
            nonce: self.nonce,
            epoch: Epoch(self.epoch),
            relay: relay,
            site: name,
            slots: slots,
            positions: (0..<UInt32(count)).map { $0 * 3 },
            spreadMilliseconds: self.pick(0...2) == 0 ? Int64(self.pick(1...3_000)) : 0
        )
        guard case .held = self.book.grant(offer, at: self.time) else { return }
        self.granted += count
        self.deadline[self.epoch] = (self.sentAt[self.nonce] ?? 0) + Self.ttl
        self.site[self.epoch] = key
    }

    mutating func take() {
        for _ in 0..<self.pick(1...20) {
            guard let handle = self.book.next(relay: self.pick(0...2), at: self.time) else { continue }
            let lease = self.book.leases[handle.slot]
            let key = self.site[lease.epoch.rawValue] ?? ""
            self.openAtSite[key, default: 0] += 1
            #expect(self.openAtSite[key, default: 0] <= self.slots[key, default: 0], "slots of \(key)")
            self.inHand.append((handle, lease.epoch.rawValue, lease.positions[handle.index], false))
        }
    }

    mutating func intend() {
        for index in self.inHand.indices where !self.inHand[index].intended && self.pick(0...1) == 0 {
            let job = self.inHand[index]
            guard self.book.intend(job.handle, at: self.time) else { continue }
            self.inHand[index].intended = true
            self.now += Int64(self.pick(0...5))
            guard self.book.mayProceed(job.handle, at: self.time) else { continue }
            #expect(self.now < self.deadline[job.epoch, default: 0], "sent after the deadline")
            #expect(!self.withdrawn.contains("\(job.epoch)/\(job.position)"), "sent although it was withdrawn")
            self.sent["\(job.epoch)/\(job.position)", default: 0] += 1
        }
    }

    mutating func settle(all: Bool = false) {
        var left: [(handle: TargetHandle, epoch: UInt64, position: UInt32, intended: Bool)] = []
        for job in self.inHand {
            guard all || self.pick(0...1) == 0 else {
                left.append(job)
                continue
            }
            let settled = self.book.settle(job.handle)
            #expect(settled?.position == job.position && settled?.epoch.rawValue == job.epoch)
            self.facts["\(job.epoch)/\(job.position)", default: 0] += 1
            self.openAtSite[self.site[job.epoch] ?? "", default: 0] -= 1
            #expect(self.book.settle(job.handle) == nil)
        }
        self.inHand = left
    }

    mutating func progress() {
        self.nonce += 1
        let sent = self.now
        let progress = self.book.tellProgress(nonce: self.nonce, at: self.time)
        self.now += Int64(self.pick(0...200))
        let kept = progress.epochs.filter { _ in self.pick(0...9) > 0 }
        for back in self.book.renew(nonce: self.nonce, epochs: kept) { self.note(back) }
        for epoch in kept { self.deadline[epoch] = max(self.deadline[epoch, default: 0], sent + Self.ttl) }
    }

    mutating func disturb() {
        switch self.pick(0...6) {
        case 0:
            let epoch = UInt64(self.pick(0...Int(self.epoch)))
            for back in self.book.recall(epochs: [epoch]) { self.note(back) }
        case 1: for back in self.book.relayChanged(self.pick(0...2), available: false) { self.note(back) }
        case 2: _ = self.book.relayChanged(self.pick(0...2), available: true)
        case 3: for back in self.book.giveUpOnRelays(at: self.time) { self.note(back) }
        case 4: self.book.welcome(ttl: Self.ttl, credit: 400)
        case 5: self.withdraw()
        default: self.now += 1_500
        }
    }

    mutating func withdraw() {
        for _ in 0..<self.pick(1...10) {
            let epoch = UInt64(self.pick(0...Int(self.epoch)))
            let position = UInt32(self.pick(0...40) * 3)
            let key = "\(epoch)/\(position)"
            guard self.book.slotByEpoch[epoch] != nil else { continue }
            if let back = self.book.withdraw(position, of: Epoch(epoch)) { self.note(back) }
            if self.sent[key] == nil { self.withdrawn.insert(key) }
        }
    }

    mutating func note(_ back: HandedBack) {
        for position in back.positions { self.facts["\(back.epoch.rawValue)/\(position)", default: 0] += 1 }
    }

    mutating func finish() {
        for back in self.book.drain() { self.note(back) }
        self.settle(all: true)
    }
}

@Suite("LeaseBook under random events")
struct LeaseBookPropertyTests {
    @Test(
        "each target has one fact, is sent at most once, before its deadline, within its site's slots",
        arguments: UInt64(1)...200
    )
    func laws(seed: UInt64) {
        var run = BookRun(seed: seed)
        for _ in 0..<400 { run.step() }
        run.finish()
        #expect(run.granted > 0 && !run.sent.isEmpty)
        #expect(run.facts.count == run.granted, "every target granted has a fact")
        #expect(run.facts.values.allSatisfy { $0 == 1 }, "and only one")
        #expect(run.sent.values.allSatisfy { $0 == 1 })
        #expect(run.book.held == 0 && run.book.open == 0 && run.book.inventory().isEmpty)
        #expect(run.book.slotByEpoch.isEmpty && run.book.queueByName.isEmpty)
    }
}
