import Domain
import Logging
import Signing
import Storage
import Telemetry

/// Where every mail that came back goes, whichever way it came: judged here, acted on in the loop, counted, and told.
final class ReturnDesk: Sendable {
    /// What whoever brought the mail is told.
    enum Answer: Sendable, Equatable {
        /// Committed: it need not be brought again.
        case taken
        /// It tells nothing that matters.
        case ignored
        /// It is not what it says, or does not show which message it is about.
        case refused
        /// Bring it again later.
        case later
    }

    private let notice: ReturnedNotice
    /// Acts on a report, and returns once that is committed.
    private let act: @Sendable (ReturnReport) async throws -> ReturnEffect
    let record: ReturnRecord
    private let logger: Logger

    init(
        notice: ReturnedNotice,
        record: ReturnRecord,
        logger: Logger,
        act: @escaping @Sendable (ReturnReport) async throws -> ReturnEffect
    ) {
        self.notice = notice
        self.record = record
        self.logger = logger
        self.act = act
    }

    /// What a recipient of a returned mail is; one that was forged is reported.
    func look(at recipient: String) -> ReturnPathScan.Finding {
        let finding = self.notice.scan.look(at: recipient)
        if finding == .forged { self.record.refused("a return path with a code that is not ours") }
        return finding
    }

    /// Takes a mail.
    ///
    /// - Parameters:
    ///   - mail: Its beginning.
    ///   - envelope: The message that its envelope names.
    /// - Returns: What to tell whoever brought it.
    func take(_ mail: [UInt8], envelope: TargetKey?) async -> Answer {
        switch self.notice.judge(mail, envelope: envelope) {
        case .ignore:
            self.record.count("ignored")
            return .ignored
        case .refuse:
            self.record.refused("a notice that names no message of ours")
            return .refused
        case .act(let report): return await self.take(report)
        }
    }

    /// Acts on a report.
    func take(_ report: ReturnReport) async -> Answer {
        do {
            let effect = try await self.act(report)
            guard effect != .unknown else {
                self.record.refused("a notice about a message that there is not")
                return .refused
            }
            self.record.count(effect, report.what)
            return .taken
        } catch {
            self.logger.event(
                .returned,
                level: .warning,
                "A returned mail has to wait",
                [.problem: .string("\(error)")]
            )
            return .later
        }
    }
}
