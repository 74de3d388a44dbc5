package import Domain

/// One address that must not be written to.
package struct SuppressionRecord: Hashable, Sendable {
    package var channel: SuppressionChannel
    package var address: AddressHash
    package var reason: SuppressionReason
    /// When it was suppressed first.
    package var at: Timestamp
    /// What shows it: a reply, a token's campaign, a line of a file; never the address.
    package var evidence: String
    /// Whose token, or which part of the program.
    package var who: String
    /// The contact that has this address now; `nil` when there is none.
    package var contact: Contact.ID?

    package init(
        channel: SuppressionChannel,
        address: AddressHash,
        reason: SuppressionReason,
        at: Timestamp,
        evidence: String,
        who: String,
        contact: Contact.ID? = nil
    ) {
        self.channel = channel
        self.address = address
        self.reason = reason
        self.at = at
        self.evidence = evidence
        self.who = who
        self.contact = contact
    }
}

/// Who must not be written to, and who left which list; both beside the contacts, and as bits on them.
///
/// Every method that writes belongs inside a transaction: list and bits are true together, or not at all.
package struct SuppressionStore {
    let connection: any SQLConnection
    let key: AddressKey

    package init(_ connection: any SQLConnection, key: AddressKey) {
        self.connection = connection
        self.key = key
    }

    /// Puts an address on the list.
    ///
    /// An address that is there keeps when it was suppressed first; a weightier reason replaces a lighter one, with its evidence. Who had
    /// the address before and has another one now is not written to there either, unless it is only that the mailbox is gone.
    ///
    /// - Parameters:
    ///   - record: Without its contact.
    ///   - address: In canonical form: for e-mail ``EmailAddress/key``, for text messages ``PhoneKey``.
    /// - Returns: Whether it was not there before, and the contacts that have the address or another spelling of it or, with another
    ///   one now, had it.
    /// - Throws: What the store throws.
    package func add(
        _ record: SuppressionRecord,
        address: String
    ) throws(StoreError) -> (isNew: Bool, contacts: [Contact.ID]) {
        let isNew = try self.put(record)
        let holders = try self.holders(of: address, on: record.channel)
        try self.set(ContactBars(record.channel), true, on: holders)
        if let first = holders.first { try self.note(first, has: record.address, on: record.channel) }
        guard record.channel == .email, ![.bounced, .erased].contains(record.reason),
            try self.contact(at: address) == nil, let mover = try self.mover(from: address)
        else { return (isNew, holders) }
        var other = record
        other.address = self.key.hash(mover.address, on: record.channel)
        other.evidence = "the same person had another address, with: " + record.evidence
        return (isNew, holders + (try self.add(other, address: mover.address).contacts))
    }

    /// Writes a row of the list; a weightier reason replaces a lighter one.
    ///
    /// - Returns: Whether the address was not there before.
    func put(_ record: SuppressionRecord) throws(StoreError) -> Bool {
        let known = try self.reason(of: record.address, on: record.channel)
        if known.map({ $0 < record.reason }) ?? true {
            let statement = try self.connection.prepare(
                """
                INSERT INTO suppression (channel, address_hash, reason, at, evidence, who) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                ON CONFLICT (channel, address_hash) DO UPDATE SET reason = ?3, evidence = ?5, who = ?6
                """
            )
            statement.bind(1, record.channel.rawValue)
            statement.bind(2, bytes: record.address.bytes)
            statement.bind(3, record.reason.rawValue)
            statement.bind(4, record.at.milliseconds)
            statement.bind(5, record.evidence)
            statement.bind(6, record.who)
            try statement.run()
        }
        return known == nil
    }

    /// Takes an address off the list.
    ///
    /// - Returns: What was known; `nil` when it was not on the list.
    package func remove(
        _ address: String,
        on channel: SuppressionChannel
    ) throws(StoreError) -> SuppressionRecord? {
        guard let record = try self.record(of: address, on: channel) else { return nil }
        let statement = try self.connection.prepare("DELETE FROM suppression WHERE channel = ?1 AND address_hash = ?2")
        statement.bind(1, channel.rawValue)
        let (now, before) = self.hashes(of: Array(address.utf8))
        for hash in channel == .email ? [now] + (before.map { [$0] } ?? []) : [record.address] {
            statement.bind(2, bytes: hash.bytes)
            try statement.run()
        }
        try self.set(ContactBars(channel), false, on: try self.holders(of: address, on: channel))
        return record
    }

    /// What is known of an address; `nil` when it may be written to.
    package func record(of address: String, on channel: SuppressionChannel) throws(StoreError) -> SuppressionRecord? {
        if let record = try self.record(self.key.hash(address, on: channel), of: address, on: channel) { return record }
        guard channel == .email, let before = self.hashes(of: Array(address.utf8)).before else { return nil }
        return try self.record(before, of: address, on: channel)
    }

    private func record(
        _ hash: AddressHash,
        of address: String,
        on channel: SuppressionChannel
    ) throws(StoreError) -> SuppressionRecord? {
        let row = try self.connection.prepare(
            "SELECT reason, at, evidence, who FROM suppression WHERE channel = ?1 AND address_hash = ?2"
        )
        defer { row.reset() }
        row.bind(1, channel.rawValue)
        row.bind(2, bytes: hash.bytes)
        guard try row.step() else { return nil }
        return SuppressionRecord(
            channel: channel,
            address: hash,
            reason: SuppressionReason(rawValue: row.text(0)) ?? .asked,
            at: Timestamp(milliseconds: row.integer(1)),
            evidence: row.text(2),
            who: row.text(3),
            contact: try self.holders(of: address, on: channel).first
        )
    }

    package func reason(
        of address: AddressHash,
        on channel: SuppressionChannel
    ) throws(StoreError) -> SuppressionReason? {
        let row = try self.connection.prepare(
            "SELECT reason FROM suppression WHERE channel = ?1 AND address_hash = ?2"
        )
        defer { row.reset() }
        row.bind(1, channel.rawValue)
        row.bind(2, bytes: address.bytes)
        // A word of a newer program weighs less than ours, but is a reason.
        return try row.step() ? SuppressionReason(rawValue: row.text(0)) ?? .bounced : nil
    }

    /// The contact with this canonical address; of several with one telephone number the one that came first, as far as the index of
    /// numbers goes.
    package func contact(at address: String, on channel: SuppressionChannel) throws(StoreError) -> Contact.ID? {
        switch channel {
        case .email: try self.contact(at: address)
        case .sms:
            try ContactReader.contacts(withPhone: Array(address.utf8), on: self.connection).first.map { Contact.ID($0) }
        }
    }

    /// The contact with this canonical e-mail address.
    package func contact(at address: String) throws(StoreError) -> Contact.ID? {
        let row = try self.connection.prepare("SELECT id FROM contact WHERE email_key = ?1")
        defer { row.reset() }
        row.bind(1, address)
        return try row.step() ? Contact.ID(row.integer(0)) : nil
    }

    /// The canonical address of a contact; `nil` when it was erased or has none.
    package func address(of contact: Contact.ID) throws(StoreError) -> String? {
        let row = try self.connection.prepare("SELECT email_key FROM contact WHERE id = ?1 AND email IS NOT NULL")
        defer { row.reset() }
        row.bind(1, contact.rawValue)
        return try row.step() ? row.optionalText(0) : nil
    }

    /// What stands against writing to a contact; `nil` when there is no such contact any more.
    package func bars(of contact: Contact.ID) throws(StoreError) -> ContactBars? {
        let row = try self.connection.prepare("SELECT barred FROM contact WHERE id = ?1")
        defer { row.reset() }
        row.bind(1, contact.rawValue)
        return try row.step() ? ContactBars(rawValue: row.integer(0)) : nil
    }

    func set(_ bar: ContactBars, _ isSet: Bool, on contacts: [Contact.ID]) throws(StoreError) {
        for contact in contacts { try self.set(bar, isSet, on: contact) }
    }

    func set(_ bar: ContactBars, _ isSet: Bool, on contact: Contact.ID) throws(StoreError) {
        guard !bar.isEmpty else { return }
        let statement = try self.connection.prepare(
            isSet
                ? "UPDATE contact SET barred = barred | ?2 WHERE id = ?1"
                : "UPDATE contact SET barred = barred & ~?2 WHERE id = ?1"
        )
        statement.bind(1, contact.rawValue)
        statement.bind(2, bar.rawValue)
        try statement.run()
    }

    // MARK: Contacts that come

    /// Whether anybody is on the list, left one or was written to at an address that is nobody's now: else no contact that comes need be
    /// looked up.
    package func hasAny() throws(StoreError) -> Bool {
        let row = try self.connection.prepare(
            """
            SELECT EXISTS (SELECT 1 FROM suppression) OR EXISTS (SELECT 1 FROM list_departure)
                OR EXISTS (SELECT 1 FROM written_address)
            """
        )
        defer { row.reset() }
        return try row.step() && row.integer(0) != 0
    }

    /// What stands against a contact that is new, by its key.
    package func bars(of address: UnsafeRawBufferPointer) throws(StoreError) -> ContactBars {
        let (now, before) = self.hashes(of: address)
        var bars: ContactBars = []
        for hash in [now] + (before.map { [$0] } ?? []) {
            if try self.reason(of: hash, on: .email) != nil { bars.insert(.email) }
            let row = try self.connection.prepare(
                "SELECT EXISTS (SELECT 1 FROM list_departure WHERE address_hash = ?1)"
            )
            defer { row.reset() }
            row.bind(1, bytes: hash.bytes)
            if try row.step(), row.integer(0) != 0 { bars.insert(.lists) }
        }
        return bars
    }

    /// Puts bars on a contact that is new.
    package func bar(
        _ contact: Int64,
        at address: UnsafeRawBufferPointer,
        _ bars: ContactBars
    ) throws(StoreError) {
        try self.set(bars, true, on: Contact.ID(contact))
        try self.note(Contact.ID(contact), has: self.key.hash(address, on: .email))
    }

    func note(
        _ contact: Contact.ID,
        has address: AddressHash,
        on channel: SuppressionChannel = .email
    ) throws(StoreError) {
        let statement = try self.connection.prepare(
            "UPDATE suppression SET contact = ?2 WHERE channel = ?3 AND address_hash = ?1"
        )
        statement.bind(3, channel.rawValue)
        statement.bind(1, bytes: address.bytes)
        statement.bind(2, contact.rawValue)
        try statement.run()
        if channel == .email { try WrittenAddresses(self.connection).hold(address, by: contact) }
    }

    // MARK: Lists

    /// Notes that a person left a list, for good, and takes the contact out of it.
    ///
    /// - Parameters:
    ///   - list: Its row id.
    ///   - address: In canonical form.
    ///   - at: Now.
    /// - Returns: The contacts that have the address or another spelling of it.
    /// - Throws: What the store throws.
    package func leave(_ list: Int64, address: String, at: Timestamp) throws(StoreError) -> [Contact.ID] {
        let statement = try self.connection.prepare(
            "INSERT INTO list_departure (list, address_hash, at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING"
        )
        statement.bind(1, list)
        statement.bind(2, bytes: self.key.hash(address, on: .email).bytes)
        statement.bind(3, at.milliseconds)
        try statement.run()
        let holders = try self.holders(of: address)
        try self.leave(list, holders)
        guard try self.contact(at: address) == nil, let mover = try self.mover(from: address) else { return holders }
        // Who left under an address of before left with the one of now.
        return holders + (try self.leave(list, address: mover.address, at: at))
    }

    /// Takes contacts out of a list and marks that they left one.
    func leave(_ list: Int64, _ contacts: [Contact.ID]) throws(StoreError) {
        try self.set(.lists, true, on: contacts)
        let member = try self.connection.prepare("DELETE FROM list_member WHERE list = ?1 AND contact = ?2")
        member.bind(1, list)
        for contact in contacts {
            member.bind(2, contact.rawValue)
            try member.run()
        }
    }

    /// Whether the person with this canonical address left a list.
    package func hasLeft(_ list: Int64, address: UnsafeRawBufferPointer) throws(StoreError) -> Bool {
        let row = try self.connection.prepare(
            "SELECT EXISTS (SELECT 1 FROM list_departure WHERE list = ?1 AND address_hash IN (?2, ?3))"
        )
        defer { row.reset() }
        let (now, before) = self.hashes(of: address)
        row.bind(1, list)
        row.bind(2, bytes: now.bytes)
        row.bind(3, bytes: (before ?? now).bytes)
        return try row.step() && row.integer(0) != 0
    }

    /// Whether a contact left the list with this name.
    package func hasLeft(_ list: String, contact: Contact.ID) throws(StoreError) -> Bool {
        guard let id = try ListStore(self.connection).id(named: list), let address = try self.address(of: contact)
        else {
            return false
        }
        var text = address
        let answer: Result<Bool, StoreError> = text.withUTF8 { bytes in
            do throws(StoreError) {
                return .success(try self.hasLeft(id, address: UnsafeRawBufferPointer(bytes)))
            } catch {
                return .failure(error)
            }
        }
        return try answer.get()
    }
}
