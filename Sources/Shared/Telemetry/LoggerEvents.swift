package import Logging

extension Logger {
    /// Logs one event with its fields.
    ///
    /// The message is a constant for people; whatever varies stands in a field. Fields are built only when the level is logged.
    /// ```
    /// logger.event(.workerConnected, "A worker was admitted", [.worker: "local-1", .leased: .number(12)])
    /// ```
    package func event(
        _ event: LogEventName,
        level: Level = .info,
        _ message: @autoclosure () -> Message,
        _ fields: @autoclosure () -> [LogKey: MetadataValue] = [:],
        file: String = #fileID,
        function: String = #function,
        line: UInt = #line
    ) {
        guard self.logLevel <= level else { return }
        var metadata: Metadata = [LogLine.eventKey: .string(event.rawValue)]
        for (key, value) in fields() { metadata[key.rawValue] = value }
        self.log(
            level: level,
            message(),
            metadata: metadata,
            source: nil,
            file: file,
            function: function,
            line: line
        )
    }

    /// A logger whose lines all carry this field.
    package func with(_ key: LogKey, _ value: MetadataValue) -> Logger {
        var copy = self
        copy[metadataKey: key.rawValue] = value
        return copy
    }
}

extension Logger.MetadataValue {
    /// A whole number, written as a JSON number.
    package static func number(_ value: some BinaryInteger & Sendable) -> Self {
        Int64(exactly: value).map { .stringConvertible($0) } ?? .string(String(value))
    }

    /// A number with a fraction, written as a JSON number with at most three digits after the point.
    package static func number(_ value: Double) -> Self {
        .stringConvertible(value.magnitude < 1e12 ? (value * 1_000).rounded() / 1_000 : value)
    }

    /// A truth value, written as one.
    package static func flag(_ value: Bool) -> Self { .stringConvertible(value) }
}
