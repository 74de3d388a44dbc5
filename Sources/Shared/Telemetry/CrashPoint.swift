import Glibc
import Synchronization

/// A named place at which a fault test kills the process: `POSTRIDER_CRASH_AT=name[:n]`, at its n-th passing (default 1).
///
/// Unset, a passing costs a load and a comparison. docs/reliability.md tells what each of them is for.
package enum CrashPoint: String, Sendable, CaseIterable {
    /// A chunk of an import is written, not committed.
    case c01Importing = "c01"
    /// A chunk of an import is committed, nobody was told.
    case c02Imported = "c02"
    /// Grants are committed, none has left.
    case c03Granted = "c03"
    /// Grants have left the process.
    case c04GrantSent = "c04"
    /// A report is committed, not acknowledged.
    case c05Reported = "c05"
    /// A report is written, not committed.
    case c06Reporting = "c06"
    /// In the middle of a checkpoint: a page goes from the write-ahead log into the database.
    case c07Checkpoint = "c07"
    /// The rows of somebody who is erased are deleted, what they leave in the files is not cleared.
    case e01Erased = "e01"
    /// It is known which pages of the database have something left of somebody, and some of them are not cleared.
    case e02Clearing = "e02"
    /// What a returned mail says is committed, the mail is still there.
    case m01Returned = "m01"
    /// A shard was taken on, nothing of it journalled.
    case w01Granted = "w01"
    /// An intent is journalled, the last byte not sent.
    case w02Intended = "w02"
    /// The last byte was sent, no reply read.
    case w03Sent = "w03"
    /// The reply was read, the outcome not journalled.
    case w04Replied = "w04"
    /// Outcomes are journalled, nobody was told.
    case w05OutcomeJournalled = "w05"
    /// Outcomes are with the journal but not in its file: what a power cut would leave.
    case w06OutcomeBeforeJournal = "w06"
    /// A report was sent, its acknowledgement not read.
    case w07Reported = "w07"
    /// An intent is journalled, and the event loop hangs for ever while the other threads live on. Nothing dies.
    case w08Hung = "w08"
    /// A message is made; the passing is no number but the local part of the address that it is to: `p01:anna`. Each such one dies.
    case p01Rendering = "p01"

    /// Dies (or hangs) here, if this is the passing that was asked for.
    package static func reach(_ point: CrashPoint) {
        guard let armed = Self.armed, armed.name == point.rawValue else { return }
        armed.pass()
    }

    /// Dies here, if this is the point that was asked for and `recipient` the address that it is for.
    package static func reach(_ point: CrashPoint, recipient: some StringProtocol) {
        guard let armed = Self.armed, armed.name == point.rawValue else { return }
        guard recipient.prefix(while: { $0 != "@" }) == armed.detail else { return }
        kill(getpid(), SIGKILL)
    }

    /// Whether this is the point that was asked for: where reaching it takes work of its own.
    package static func isArmed(_ point: CrashPoint) -> Bool { Self.armed?.name == point.rawValue }

    /// As ``reach(_:)`` for the points of other programs, which name their own.
    package static func reach(named name: StaticString) {
        guard let armed = Self.armed, armed.name == "\(name)" else { return }
        armed.pass()
    }

    private static let armed: Armed? = getenv("POSTRIDER_CRASH_AT").flatMap { Armed(String(cString: $0)) }

    private final class Armed: Sendable {
        let name: String
        /// What stands behind the colon.
        let detail: String
        private let passing: Int
        private let passings = Atomic<Int>(0)

        init?(_ text: String) {
            let parts = text.split(separator: ":", maxSplits: 1)
            guard let name = parts.first else { return nil }
            self.name = String(name)
            self.detail = parts.count == 2 ? String(parts[1]) : ""
            self.passing = parts.count == 2 ? Int(parts[1]) ?? 1 : 1
        }

        func pass() {
            guard self.passings.add(1, ordering: .relaxed).newValue == self.passing else { return }
            if self.name == CrashPoint.w08Hung.rawValue { self.hang() }
            // Not exit: nothing may be flushed or tidied up, as when the kernel or a person kills it.
            kill(getpid(), SIGKILL)
        }

        /// Keeps this thread, and says so: nothing else would show it.
        private func hang() -> Never {
            let line = "{\"event\":\"crash_point\",\"msg\":\"\(self.name): this thread hangs\"}\n"
            _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
            while true { pause() }
        }
    }
}
