import Domain
import NIOCore
import Storage

/// The list of who must not be written to, for operators.
extension CoordinatorOperations {
    func suppress(_ request: SuppressRequest, by caller: Caller) async throws -> SuppressionAnswer {
        let wish = try SuppressionWish(request)
        let evidence = self.addressKey.nameless(wish.evidence)
        if wish.channel == .sms { try await self.loop.indexTelephones() }
        return try await self.loop.ask { core in
            let added = try core.suppress(
                wish.address,
                on: wish.channel,
                reason: wish.reason,
                evidence: evidence,
                by: caller.name
            )
            guard let record = try core.suppressions.record(of: wish.address, on: wish.channel) else {
                throw OperationError.unavailable("the address could not be suppressed; try again")
            }
            if added.isNew {
                let subject = "\(record.channel.rawValue) \(record.address.text) (\(record.reason.rawValue))"
                try core.audit("suppress", on: subject, by: caller.name)
            }
            return SuppressionAnswer(added: added.isNew, suppression: SuppressionRow(record))
        }
    }

    func unsuppress(_ request: UnsuppressRequest, by caller: Caller) async throws -> SuppressionRow {
        let channel = try SuppressionWish.channel(request.channel)
        let address = try SuppressionWish.canonical(request.address, on: channel)
        let why = String(request.reason.prefix(SuppressionWish.textMax))
        guard why.contains(where: { !$0.isWhitespace }) else {
            throw OperationError.invalid([
                Diagnostic(.error, "reason is empty: say why the address may be written to again")
            ])
        }
        if channel == .sms { try await self.loop.indexTelephones() }
        return try await self.loop.ask { core in
            SuppressionRow(try core.unsuppress(address, on: channel, because: why, by: caller.name))
        }
    }

    func importSuppressions(
        _ request: SuppressionImportRequest,
        body: some AsyncSequence<ByteBuffer, any Error> & Sendable,
        by caller: Caller
    ) async throws -> SuppressionImportAnswer {
        let run = SuppressionImport(
            loop: self.loop,
            channel: try SuppressionWish.channel(request.channel),
            reason: try SuppressionWish.reason(request.reason, default: .imported),
            who: caller.name,
            file: request.file,
            scratchFolder: self.erasures.rejectsFolder
        )
        if run.channel == .sms { try await self.loop.indexTelephones() }
        return try await run.run(body)
    }

    func suppressions() async throws -> Pages<SuppressionRow> {
        let readers = self.reads.readers
        return Pages(from: SuppressionPages(key: self.addressKey)) { pages in
            let before = pages
            let page: [SuppressionRecord]?
            (pages, page) = try await readers.read { connection throws(StoreError) in
                var after = before
                let page = try after.next(on: connection)
                return (after, page)
            }
            return page?.map { SuppressionRow($0) }
        }
    }
}

/// What `POST /v1/suppressions/import` says beside the file itself.
struct SuppressionImportRequest: Hashable, Sendable {
    var file: String
    var channel: String?
    var reason: String?
}
