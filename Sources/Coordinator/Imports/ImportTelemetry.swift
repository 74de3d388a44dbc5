import Domain
import Logging
import Telemetry

/// What log and metrics tell of imports.
struct ImportTelemetry: Sendable {
    let metrics: MetricsRegistry
    let logger: Logger

    func finished(_ answer: ImportAnswer, _ request: ImportRequest, by caller: Caller, took: Duration) {
        let results = [
            ("created", answer.created), ("updated", answer.updated), ("unchanged", answer.unchanged),
            ("rejected", answer.rejected),
        ]
        for (result, rows) in results { self.metrics.counter(.importRows, result).increment(by: rows) }
        self.logger.event(
            .importFinished,
            "An import is finished",
            [
                .importID: .string(answer.id ?? ""), .file: .string(request.file), .caller: .string(caller.name),
                .rows: .number(answer.rows), .created: .number(answer.created), .updated: .number(answer.updated),
                .unchanged: .number(answer.unchanged), .rejected: .number(answer.rejected),
                .duration: .number(took.wholeMilliseconds),
            ]
        )
    }

    /// The reason stays out of the log where it may quote a row.
    func failed(_ error: any Error, _ request: ImportRequest, by caller: Caller) {
        let reason: String
        // What a file is wrong with as a whole is undone; if that fails, the answer says so.
        var isRefused = false
        switch error {
        case OperationError.invalid, OperationError.nothingImported:
            reason = "the file was refused"
            isRefused = true
        case OperationError.unavailable(let text): reason = text
        case is CancellationError: reason = "the sender went away"
        default: reason = String(describing: type(of: error))
        }
        self.logger.event(
            .importFailed,
            level: .warning,
            isRefused ? "An import was refused" : "An import came to no end; what was committed of it stays",
            [.file: .string(request.file), .caller: .string(caller.name), .reason: .string(reason)]
        )
    }
}
