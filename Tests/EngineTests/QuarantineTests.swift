import Domain
import Engine
import Testing

@Suite("Quarantine")
struct QuarantineTests {
    private let campaign = Campaign.ID(1)

    private func group(_ positions: [Int]) -> Quarantine.Group {
        Quarantine.Group(campaign: self.campaign, lane: 0, positions: positions)
    }

    private func key(_ position: Int) -> TargetKey {
        TargetKey(campaign: self.campaign, lane: 0, position: position)
    }

    @Test("one death is nobody's fault, the second keeps apart what was held both times")
    func second() {
        var quarantine = Quarantine()
        #expect(quarantine.died(holding: self.group([1, 2]), wasApart: false) == [.free, .free])
        #expect(!quarantine.hasWaiting && !quarantine.isEmpty)
        #expect(quarantine.died(holding: self.group([2, 3]), wasApart: false) == [.apart, .free])
        #expect(quarantine.next { _ in true } == self.group([2]))
        #expect(!quarantine.hasWaiting)
    }

    @Test("an outcome clears a target")
    func cleared() {
        var quarantine = Quarantine()
        _ = quarantine.died(holding: self.group([1]), wasApart: false)
        quarantine.settled(self.key(1))
        #expect(quarantine.isEmpty)
        #expect(quarantine.died(holding: self.group([1]), wasApart: false) == [.free])
    }

    @Test("a group that brings a worker down is tried again as its first target and two halves")
    func split() {
        var quarantine = Quarantine()
        let all = Array(10..<18)
        _ = quarantine.died(holding: self.group(all), wasApart: false)
        _ = quarantine.died(holding: self.group(all), wasApart: false)
        #expect(quarantine.next { _ in true } == self.group(all))
        // Of the group two were sent before its worker died.
        let verdicts = quarantine.died(holding: self.group(Array(12..<18)), wasApart: true)
        #expect(verdicts.allSatisfy { $0 == .apart })
        var parts: [[Int]] = []
        while let part = quarantine.next(where: { _ in true }) { parts.append(part.positions) }
        #expect(parts == [[12], [13, 14, 15], [16, 17]])
    }

    @Test("a target is poison when two workers in a row died of it alone, and not before")
    func poison() {
        var quarantine = Quarantine()
        // Alone by chance is not the same as granted alone.
        #expect(quarantine.died(holding: self.group([5]), wasApart: false) == [.free])
        #expect(quarantine.died(holding: self.group([5]), wasApart: false) == [.apart])
        #expect(quarantine.died(holding: self.group([5]), wasApart: true) == [.apart])
        #expect(quarantine.died(holding: self.group([5]), wasApart: true) == [.poison])
        #expect(quarantine.isEmpty)
    }

    @Test("an outcome between two deaths alone begins the count anew")
    func interrupted() {
        var quarantine = Quarantine()
        for wasApart in [false, false, true] { _ = quarantine.died(holding: self.group([5]), wasApart: wasApart) }
        quarantine.settled(self.key(5))
        #expect(quarantine.died(holding: self.group([5]), wasApart: true) == [.apart])
    }

    @Test("a group is taken by who can have it, and what is left of it comes first again")
    func order() {
        var quarantine = Quarantine()
        for _ in 0..<2 {
            _ = quarantine.died(holding: self.group([1, 2, 3]), wasApart: false)
            _ = quarantine.died(
                holding: Quarantine.Group(campaign: Campaign.ID(2), lane: 0, positions: [7]),
                wasApart: false
            )
        }
        let second = quarantine.next { $0.campaign == Campaign.ID(2) }
        #expect(second?.positions == [7])
        _ = quarantine.next { _ in true }
        quarantine.putBack(self.group([3]))
        quarantine.putBack(self.group([]))
        #expect(quarantine.waitingCount == 1)
        quarantine.forget(self.campaign)
        #expect(!quarantine.hasWaiting)
    }

    @Test("in whatever order a worker takes them, a deadly target is found in few deaths", arguments: UInt64(1)...40)
    func search(seed: UInt64) {
        var random = SplitMix64(seed)
        var quarantine = Quarantine()
        let all = Array(0..<Int.random(in: 1...256, using: &random))
        let deadly = Int.random(in: 0..<all.count, using: &random)
        let inOrder = seed.isMultiple(of: 2)
        var settled: Set<Int> = []
        var found: [Int] = []
        var deaths = 0
        var group = self.group(all)
        var wasApart = false
        while deaths < 40 {
            // A worker takes them in some order, and dies of one.
            let order = inOrder ? group.positions : group.positions.shuffled(using: &random)
            let sent = order.prefix { $0 != deadly }
            for position in sent {
                settled.insert(position)
                quarantine.settled(self.key(position))
            }
            if sent.count < order.count {
                deaths += 1
                let held = self.group(group.positions.filter { !settled.contains($0) })
                let verdicts = quarantine.died(holding: held, wasApart: wasApart)
                for (position, verdict) in zip(held.positions, verdicts) where verdict == .poison {
                    found.append(position)
                }
                if deaths == 1 {
                    group = held
                    continue
                }
            }
            guard let next = quarantine.next(where: { _ in true }) else { break }
            (group, wasApart) = (next, true)
        }
        #expect(found == [deadly])
        #expect(deaths <= (inOrder ? 5 : 12), "\(deaths)")
        #expect(settled.count == all.count - 1)
        #expect(quarantine.isEmpty)
    }
}
