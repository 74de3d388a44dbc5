package import Domain

/// A request that its sender named, so that it can be sent again without being done again.
package struct RequestMark: Hashable, Sendable {
    /// The token's name: two callers' keys have nothing to do with each other.
    package let caller: String
    package let key: String
    /// Of method, path, query and body, as hex.
    package let digest: String

    package init(caller: String, key: String, digest: String) {
        self.caller = caller
        self.key = key
        self.digest = digest
    }
}

/// What became of a request with a key.
package struct StoredRequest: Hashable, Sendable {
    package let digest: String
    /// `nil` when it was begun and its answer is not known.
    package let answer: Answer?

    package init(digest: String, answer: Answer?) {
        self.digest = digest
        self.answer = answer
    }

    package struct Answer: Hashable, Sendable {
        package let status: Int
        /// JSON.
        package let body: [UInt8]

        package init(status: Int, body: [UInt8]) {
            self.status = status
            self.body = body
        }
    }
}

/// Requests with keys, for a day, and no more than a number of them.
package struct RequestStore {
    private let connection: any SQLConnection

    /// How long a key is remembered.
    package static let keptMilliseconds: Int64 = 86_400_000
    /// Keys that are remembered; the oldest give way.
    package static let countMax: Int64 = 10_000
    /// Longest answer that is kept; a longer one is said once.
    package static let answerBytesMax = 65_536

    package init(_ connection: any SQLConnection) { self.connection = connection }

    /// What is known of a key.
    ///
    /// - Returns: `nil` when nothing is, or not any more.
    package func request(_ caller: String, key: String, at now: Timestamp) throws(StoreError) -> StoredRequest? {
        let row = try self.connection.prepare(
            "SELECT digest, status, answer FROM request WHERE caller = ?1 AND key = ?2 AND at > ?3"
        )
        defer { row.reset() }
        row.bind(1, caller)
        row.bind(2, key)
        row.bind(3, now.milliseconds - Self.keptMilliseconds)
        guard try row.step() else { return nil }
        let answer = row.optionalInteger(1).map { StoredRequest.Answer(status: Int($0), body: row.bytes(2)) }
        return StoredRequest(digest: row.text(0), answer: answer)
    }

    /// Notes that a request is done, in the transaction that does it; once, however many transactions it takes.
    package func begin(_ mark: RequestMark, at now: Timestamp) throws(StoreError) {
        try self.forgetOld(at: now)
        let insert = try self.connection.prepare(
            "INSERT INTO request (caller, key, digest, at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING"
        )
        insert.bind(1, mark.caller)
        insert.bind(2, mark.key)
        insert.bind(3, mark.digest)
        insert.bind(4, now.milliseconds)
        try insert.run()
    }

    /// Forgets a request that was begun and refused: it may be sent again with its key.
    ///
    /// One that was answered stays.
    package func forget(_ mark: RequestMark) throws(StoreError) {
        let delete = try self.connection.prepare(
            "DELETE FROM request WHERE caller = ?1 AND key = ?2 AND digest = ?3 AND status IS NULL"
        )
        delete.bind(1, mark.caller)
        delete.bind(2, mark.key)
        delete.bind(3, mark.digest)
        try delete.run()
    }

    /// Notes the answer.
    package func end(_ mark: RequestMark, _ answer: StoredRequest.Answer, at now: Timestamp) throws(StoreError) {
        try self.begin(mark, at: now)
        let update = try self.connection.prepare(
            "UPDATE request SET digest = ?3, status = ?4, answer = ?5 WHERE caller = ?1 AND key = ?2"
        )
        update.bind(1, mark.caller)
        update.bind(2, mark.key)
        update.bind(3, mark.digest)
        update.bind(4, answer.status)
        update.bind(5, bytes: answer.body)
        try update.run()
    }

    private func forgetOld(at now: Timestamp) throws(StoreError) {
        let old = try self.connection.prepare(
            "DELETE FROM request WHERE at <= ?1 OR id <= (SELECT max(id) FROM request) - ?2"
        )
        old.bind(1, now.milliseconds - Self.keptMilliseconds)
        // Room for the one that comes.
        old.bind(2, Self.countMax - 1)
        try old.run()
    }
}
