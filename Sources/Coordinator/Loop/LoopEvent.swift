import Domain
import Logging
import Storage
import Telemetry

/// What comes into a turn of the loop.
enum LoopEvent: Sendable {
    /// A frame from the worker whose key has this name.
    case frame(routing: [UInt8], principal: String, payload: [UInt8])
    /// What an operator, or the coordinator's own background work, asks.
    case command(LoopCommand)
}

/// Something to be done inside a turn's transaction.
struct LoopCommand: Sendable {
    /// Runs in the transaction; what it throws other than a StoreError must be thrown before anything was changed.
    let body: @Sendable (LoopCore) throws -> Void
    /// Told once the turn is committed (`nil`), or what went wrong.
    let finished: @Sendable ((any Error)?) -> Void
    /// The address it came from, for the audit; empty for the coordinator's own work.
    var origin = ""
    /// The key of the request it belongs to, stored in the same transaction.
    var mark: RequestMark?
}

/// What goes out after a turn was committed.
enum LoopEffect: Sendable {
    case send(routing: [UInt8], payload: [UInt8])
    case finished(LoopCommand, (any Error)?)
    case log(LoopNote)
}

/// One thing worth a line in the log.
struct LoopNote: Sendable {
    let level: Logger.Level
    let event: LogEventName
    let message: String
    let fields: [(key: LogKey, value: Logger.MetadataValue)]

    init(
        _ level: Logger.Level = .info,
        _ event: LogEventName,
        _ message: String,
        _ fields: [(key: LogKey, value: Logger.MetadataValue)] = []
    ) {
        self.level = level
        self.event = event
        self.message = message
        self.fields = fields
    }

    /// What the store refused; a full disk has an event of its own.
    init(_ error: StoreError) {
        var event = LogEventName.storage
        if case .full = error { event = .diskFull }
        self.init(.error, event, error.text)
    }
}
