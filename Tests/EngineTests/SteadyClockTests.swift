import Domain
import Engine
import Testing

@Suite("A clock that is set")
struct SteadyClockTests {
    private let noon = Timestamp(milliseconds: 1_800_000_000_000)
    private let boot = Instant(milliseconds: 50_000)
    private static let year: Int64 = 365 * 86_400_000

    @Test(
        "small steps are taken as they are, jumps are not",
        arguments: [-10_000, -3_000, 0, 9_000, 10_000] as [Int64]
    )
    func steps(step: Int64) {
        var clock = SteadyClock(wall: self.noon, at: self.boot)
        let later = self.boot.advanced(byMilliseconds: 60_000)
        let machine = self.noon.advanced(byMilliseconds: 60_000 + step)
        #expect(clock.read(machine, at: later) == 0)
        #expect(clock.time == machine)
        let far = machine.advanced(byMilliseconds: 1_000 + (step < 0 ? -Self.year : Self.year))
        #expect(clock.read(far, at: later.advanced(byMilliseconds: 1_000)) == (step < 0 ? -Self.year : Self.year))
        #expect(clock.time == machine.advanced(byMilliseconds: 1_000))
        #expect(clock.skew == (step < 0 ? -Self.year : Self.year))
    }

    @Test("a jump and the way back leave no skew", arguments: [-year, 3_600_000, year])
    func thereAndBack(jump: Int64) {
        var clock = SteadyClock(wall: self.noon, at: self.boot)
        _ = clock.read(self.noon.advanced(byMilliseconds: jump), at: self.boot)
        _ = clock.read(self.noon.advanced(byMilliseconds: 5), at: self.boot.advanced(byMilliseconds: 5))
        #expect(clock.skew == 0)
        #expect(clock.time == self.noon.advanced(byMilliseconds: 5))
    }

    @Test("a process that comes in the same boot knows of a jump in between", arguments: [-year, 0, year])
    func sameBoot(jump: Int64) {
        let note = SteadyClock.Note(time: self.noon, skew: 70_000, readAt: self.boot, bootID: "b")
        let later = self.boot.advanced(byMilliseconds: 20_000)
        let wall = self.noon.advanced(byMilliseconds: 70_000 + 20_000 + jump)
        let clock = SteadyClock(after: note, wall: wall, at: later, bootID: "b")
        #expect(clock.time == self.noon.advanced(byMilliseconds: 20_000))
        #expect(clock.skew == 70_000 + jump)
    }

    @Test("after another boot the clock is believed, except that time does not go back")
    func anotherBoot() {
        let note = SteadyClock.Note(time: self.noon, skew: 0, readAt: self.boot, bootID: "b")
        let first = Instant(milliseconds: 900)
        let later = self.noon.advanced(byMilliseconds: Self.year)
        #expect(SteadyClock(after: note, wall: later, at: first, bootID: "c").time == later)
        let earlier = self.noon.advanced(byMilliseconds: -Self.year)
        let clock = SteadyClock(after: note, wall: earlier, at: first, bootID: "c")
        #expect(clock.time == self.noon)
        #expect(clock.skew == -Self.year)
    }

    @Test("when nothing waits the machine's clock is right again")
    func settled() {
        var clock = SteadyClock(wall: self.noon, at: self.boot)
        let wall = self.noon.advanced(byMilliseconds: Self.year)
        _ = clock.read(wall, at: self.boot)
        clock.settle()
        #expect(clock.time == wall && clock.skew == 0)
        #expect(clock.read(wall.advanced(byMilliseconds: 7), at: self.boot.advanced(byMilliseconds: 7)) == 0)
    }
}
