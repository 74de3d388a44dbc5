import Domain
import Engine
import Testing

@Suite("Site pace")
struct SitePaceTests {
    private func at(_ milliseconds: Int64) -> Instant { Instant(milliseconds: milliseconds) }

    @Test("it halves down to a tenth, once for deferrals that come together")
    func down() {
        var pace = SitePace()
        var factors: [Double] = []
        for step in 0..<6 {
            let time = Int64(step) * 1_000
            #expect(pace.askedForPatience(at: self.at(time)) == (step < 4))
            #expect(pace.askedForPatience(at: self.at(time + 999)) == false)
            factors.append(pace.factor)
        }
        #expect(factors == [0.5, 0.25, 0.125, 0.1, 0.1, 0.1])
    }

    @Test("every fifty accepted messages bring back a tenth, to the whole and not beyond")
    func up() {
        var pace = SitePace()
        #expect(pace.accepted(1_000, at: self.at(0)) == false)
        _ = pace.askedForPatience(at: self.at(0))
        #expect(pace.accepted(49, at: self.at(0)) == false)
        #expect(pace.accepted(1, at: self.at(0)) == true)
        #expect(abs(pace.factor - 0.6) < 0.000_1)
        // A deferral begins the count anew.
        _ = pace.accepted(49, at: self.at(0))
        _ = pace.askedForPatience(at: self.at(5_000))
        #expect(pace.accepted(49, at: self.at(0)) == false)
        #expect(pace.accepted(5_000, at: self.at(0)) == true)
        #expect(pace.factor == 1)
    }

    @Test("it may be forgotten once the site was not heard of for an hour")
    func idle() {
        var pace = SitePace()
        _ = pace.askedForPatience(at: self.at(0))
        #expect(!pace.isIdle(at: self.at(SitePace.idleMilliseconds - 1)))
        #expect(pace.isIdle(at: self.at(SitePace.idleMilliseconds)))
        _ = pace.accepted(1, at: self.at(10))
        #expect(!pace.isIdle(at: self.at(SitePace.idleMilliseconds)))
    }

    @Test("at least one slot is left", arguments: [(1, 1), (8, 1), (10, 1), (20, 2), (100, 10)])
    func slots(configured: Int, left: Int) {
        var pace = SitePace()
        #expect(pace.slots(of: configured) == configured)
        for step in 0..<6 { _ = pace.askedForPatience(at: self.at(Int64(step) * 2_000)) }
        #expect(pace.slots(of: configured) == left)
    }
}
