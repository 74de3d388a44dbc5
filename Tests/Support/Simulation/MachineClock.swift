import Domain

/// One machine's clocks: they began at different times, and none runs quite at the speed of another.
struct MachineClock {
    /// What the boot clock showed when the simulation began.
    let offset: Int64
    /// How much too fast it runs, in millionths.
    let drift: Int64
    /// What the wall clock shows beyond the truth.
    var wallError: Int64 = 0

    /// Milliseconds since 1970 at which simulations begin.
    static let epoch: Int64 = 1_800_000_000_000

    func boot(at time: Int64) -> Instant {
        Instant(milliseconds: self.offset + time + time * self.drift / 1_000_000)
    }

    func wall(at time: Int64) -> Timestamp {
        Timestamp(milliseconds: Self.epoch + time + time * self.drift / 1_000_000 + self.wallError)
    }

    /// The first moment of the simulation at which the boot clock shows `instant` or more.
    func time(of instant: Instant) -> Int64 {
        let local = instant.milliseconds - self.offset
        var time = local * 1_000_000 / (1_000_000 + self.drift)
        while self.boot(at: time) < instant { time += 1 }
        return time
    }
}
