import Domain
import Telemetry

/// The machine's wall clock.
enum WallClock {
    static func now() -> Timestamp { Timestamp(milliseconds: ServiceLog.wallMilliseconds()) }
}
