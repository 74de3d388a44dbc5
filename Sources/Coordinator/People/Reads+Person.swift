import Domain
import Storage

/// Everything about one person.
extension Reads {
    /// What is known of some contacts, and what happened to them.
    ///
    /// - Parameters:
    ///   - contacts: Their numbers; one that is not there is left out.
    ///   - key: Of the addresses that must not be written to.
    /// - Returns: In the order of the numbers given.
    /// - Throws: What the store throws.
    func people(_ contacts: [Int64], key: AddressKey) async throws -> [PersonJSON] {
        let fields = try await self.fields()
        var people: [PersonJSON] = []
        for contact in contacts {
            let person = try await self.readers.read { connection throws(StoreError) in
                try Self.person(contact, fields: fields, key: key, on: connection)
            }
            guard var person else { continue }
            person.messages = try await self.messages(of: Contact.ID(contact))
            people.append(person)
        }
        return people
    }

    private func messages(of contact: Contact.ID) async throws -> [PersonJSON.Message] {
        var messages: [PersonJSON.Message] = []
        var last: PersonHistory.Message?
        while true {
            let after = last
            let page = try await self.readers.read { connection throws(StoreError) in
                try PersonHistory(connection).messages(of: contact, after: after)
            }
            messages += page.map { PersonJSON.Message($0) }
            guard page.count == PersonHistory.messagesPerPage else { return messages }
            last = page.last
        }
    }

    /// What stands against writing to somebody, on any channel.
    static func suppressions(
        _ traces: ContactErasure.Traces,
        key: AddressKey,
        on connection: any SQLConnection
    ) throws(StoreError) -> [SuppressionRow] {
        let store = SuppressionStore(connection, key: key)
        var rows: [SuppressionRow] = []
        for channel in SuppressionChannel.allCases {
            for address in channel == .sms ? traces.phones : traces.keys {
                if let known = try store.record(of: address, on: channel) { rows.append(SuppressionRow(known)) }
            }
        }
        return rows
    }

    private static func person(
        _ id: Int64,
        fields: [Field],
        key: AddressKey,
        on connection: any SQLConnection
    ) throws(StoreError) -> PersonJSON? {
        guard let record = try ContactReader(connection, fields: fields).record(id) else { return nil }
        let (history, contact) = (PersonHistory(connection), Contact.ID(id))
        let traces = try ContactErasure(connection).traces(of: contact)
        let keys = traces.keys
        return PersonJSON(
            contact: ContactJSON(record, fields: fields),
            events: try history.events(of: contact).map { PersonJSON.Event($0) },
            suppressions: try Self.suppressions(traces, key: key, on: connection),
            leftLists: try history.departures(keys.map { key.hash($0, on: .email) }).map {
                PersonJSON.Departure(list: $0.list, at: $0.at)
            },
            knownBy: try ContactAliases.keys(of: contact, on: connection).map {
                PersonJSON.Alias(
                    kind: $0.kind.rawValue,
                    value: $0.value,
                    at: $0.at,
                    import: ImportService.publicID($0.importID)
                )
            },
            imports: try history.imports(of: contact).map {
                PersonJSON.Import(id: ImportService.publicID($0.id), file: $0.file, at: $0.at)
            }
        )
    }
}
