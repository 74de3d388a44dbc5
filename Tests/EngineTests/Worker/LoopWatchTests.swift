import Domain
import Engine
import Testing

@Suite("Loop watch")
struct LoopWatchTests {
    private func at(_ milliseconds: Int64) -> Instant { Instant(milliseconds: milliseconds) }

    @Test("a thread that does not turn for a minute hangs")
    func hangs() {
        var watch = LoopWatch(turns: 7, at: self.at(0))
        for second in Int64(1)..<60 { #expect(watch.hangs(turns: 7, at: self.at(second * 1_000)) == false) }
        #expect(watch.hangs(turns: 7, at: self.at(60_000)) == true)
    }

    @Test("one turn is enough")
    func turns() {
        var watch = LoopWatch(turns: 0, at: self.at(0))
        for second in Int64(1)...300 {
            #expect(watch.hangs(turns: UInt64(second / 59), at: self.at(second * 1_000)) == false)
        }
    }

    @Test("time in which the watcher did not run either does not count")
    func stopped() {
        var watch = LoopWatch(turns: 0, at: self.at(0))
        #expect(watch.hangs(turns: 0, at: self.at(3_600_000)) == false)
        #expect(watch.hangs(turns: 0, at: self.at(7_200_000)) == false)
        for second in Int64(1)..<58 { #expect(watch.hangs(turns: 0, at: self.at(7_200_000 + second * 1_000)) == false) }
        #expect(watch.hangs(turns: 0, at: self.at(7_258_000)) == true)
    }
}
