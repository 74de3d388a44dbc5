package import Domain
import Telemetry
import Transport

/// What tells a worker the time.
package struct WorkerClocks {
    /// For leases: counts sleep too, and never goes back.
    let boot: () -> Instant
    /// For what people read.
    let wall: () -> Timestamp

    package init(boot: @escaping () -> Instant, wall: @escaping () -> Timestamp) {
        self.boot = boot
        self.wall = wall
    }

    /// Those of this machine.
    static func machine() -> Self {
        Self(
            boot: { Instant(milliseconds: BootClock.now()) },
            wall: { Timestamp(milliseconds: ServiceLog.wallMilliseconds()) }
        )
    }
}
