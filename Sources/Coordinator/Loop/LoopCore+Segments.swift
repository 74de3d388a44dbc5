import Domain
import Engine
import Storage

/// Segments that operators define.
extension LoopCore {
    /// Gives a condition a name, or a name another condition.
    ///
    /// - Throws: ``OperationError/invalid(_:)`` for a condition that is wrong, or that would make a segment part of itself.
    func define(segment name: String, as text: String, by who: String) throws -> SegmentDefinition {
        guard SegmentRecord.isName(name) else {
            throw OperationError.invalid([
                Diagnostic(
                    .error,
                    "'\(name.prefix(80))' is not allowed as a name; allowed: \(SegmentRecord.nameGrammar)"
                )
            ])
        }
        var names = try self.names()
        names.segments[name] = text
        switch ExpressionParser.parse(text, names: names) {
        case .failure(let problems): throw OperationError.invalid(problems.diagnostics)
        case .success(let parsed):
            guard parsed.segments[name] == nil else {
                throw OperationError.invalid([Diagnostic(line: 1, column: 1, "a segment cannot be part of itself")])
            }
        }
        let store = SegmentStore(self.connection)
        guard try store.count() < SegmentStore.segmentsMax || names.segments.keys.contains(name) else {
            throw OperationError.conflict("there are \(SegmentStore.segmentsMax) segments already")
        }
        let record = SegmentRecord(name: name, expression: text, definedBy: who, definedAt: self.wall)
        try store.save(record)
        try self.audit("define_segment", on: name, by: who, digest: ContentDigest.of(text.utf8))
        return SegmentDefinition(record)
    }
}
