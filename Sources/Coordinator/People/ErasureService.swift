import Domain
import Intake
import Storage
import Telemetry

/// Body of `POST /v1/contacts/show` and `erase`: an address belongs into no URL, which others log.
struct PersonRequest: Hashable, Sendable, RequestForm {
    /// An e-mail address or a telephone number.
    var address: String

    enum CodingKeys: String, CodingKey, CaseIterable {
        case address
    }
}

/// Answer of `POST /v1/contacts/erase`.
struct ErasureAnswer: Hashable, Sendable, Encodable {
    /// Contacts that were erased: one, or none when nobody had the address.
    var contacts: Int
    /// Messages in the ledger that know nobody any more.
    var messages: Int
    /// Rows of reject files that were emptied.
    var rejectedRows: Int
    /// What stays in the list of suppressed addresses, as hex.
    var hashes: [String]
    /// Operators' own documents that name the person, as in `campaign c7`: they are left as they are.
    var mentions: [String]

    private enum CodingKeys: String, CodingKey {
        case contacts, messages, hashes, mentions
        case rejectedRows = "rejected_rows"
    }
}

/// Erases people, a bounded piece at a time.
///
/// It ends when no file of the data folder has the person any more: neither rows, nor what SQLite leaves of them in the room between rows,
/// nor the write-ahead log.
struct ErasureService: Sendable {
    let loop: CoordinatorLoop
    let reads: Reads
    let sweep: RemainsSweep
    let rejects: RejectSweep
    let rejectsFolder: String

    /// Messages of one turn.
    static let placesAtOnce = 200
    /// Stored answers looked through in one read.
    private static let answersAtOnce = 200

    func erase(_ person: PersonName, by who: String) async throws -> ErasureAnswer {
        let found = try await self.find(person)
        guard found.count <= 1 else {
            let numbers = found.map(String.init).joined(separator: ", ")
            throw OperationError.conflict(
                "\(found.count) contacts have this number (\(numbers)): name the person by the e-mail address"
            )
        }
        let contact = found.first.map { Contact.ID($0) }
        let asked = person.traces
        let start = try await self.loop.ask { try $0.beginErasure(of: contact, asked: asked, by: who) }
        let search = TextSearch(start.traces.texts)
        // Before the contact goes: whoever asks again after a crash must find the person, to do all this again.
        let rejected = try await self.rejects.erase(start.traces.texts)
        let looked = try await self.forgetAnswers(search, above: 0)
        if let contact { try await self.delete(contact, start) }
        // Those of questions that were asked meanwhile.
        _ = try await self.forgetAnswers(search, above: looked)
        CrashPoint.reach(.e01Erased)
        try await self.sweep.clear(start.traces.texts)
        try await self.loop.write { connection throws(StoreError) in try ErasureMark.end(on: connection) }
        let mentions = try await self.mentions(search)
        return ErasureAnswer(
            contacts: found.count,
            messages: start.places.count,
            rejectedRows: rejected.rows,
            hashes: start.hashes.map(\.text),
            mentions: mentions + rejected.running.map { "import \($0), which is still running" }
        )
    }

    /// Operators' own documents that name the person.
    private func mentions(_ search: TextSearch) async throws -> [String] {
        var (mentions, campaign): ([String], Int64?) = ([], 0)
        while let from = campaign {
            let page = try await self.reads.readers.read { connection throws(StoreError) in
                try ContactErasure(connection).campaigns(naming: search, above: from)
            }
            mentions += page.names
            campaign = page.last
        }
        return mentions
            + (try await self.reads.readers.read { connection throws(StoreError) in
                try ContactErasure(connection).mentions(of: search)
            })
    }

    /// The contacts that a name stands for.
    func find(_ person: PersonName) async throws -> [Int64] {
        if case .phone = person {
            // So far nobody needed the index of numbers to be complete.
            try await self.loop.indexTelephones()
        }
        return try await self.reads.contacts(person)
    }

    private func delete(_ contact: Contact.ID, _ start: ErasureStart) async throws {
        for first in stride(from: 0, to: start.places.count, by: Self.placesAtOnce) {
            let places = Array(start.places[first..<min(start.places.count, first + Self.placesAtOnce)])
            try await self.loop.write { connection throws(StoreError) in
                try ContactErasure(connection).silence(places)
            }
        }
        try await self.loop.ask { try $0.endErasure(of: contact, start) }
    }

    /// Forgets stored answers that name the person.
    ///
    /// - Returns: The last one that was looked at.
    func forgetAnswers(_ search: TextSearch, above: Int64) async throws -> Int64 {
        var from = above
        while true {
            let start = from
            let page = try await self.reads.readers.read { connection throws(StoreError) in
                try ContactErasure(connection).answers(naming: search, above: start, count: Self.answersAtOnce)
            }
            if !page.rows.isEmpty {
                try await self.loop.write { connection throws(StoreError) in
                    try ContactErasure(connection).forgetAnswers(page.rows)
                }
            }
            guard let last = page.last else { return from }
            from = last
        }
    }
}

extension PersonName {
    /// What of somebody is known from what was asked.
    fileprivate var traces: ContactErasure.Traces {
        var traces = ContactErasure.Traces()
        switch self {
        case .email(let key, let text): traces.add(key: key, text: text)
        case .phone(let key): traces.add(phone: key)
        }
        return traces
    }
}
