import Domain
import Engine
import Foundation
import Storage
import StorageSQLite
import Synchronization
import Testing
import Wire

@testable import CoordinatorCore

extension SplitMix64 {
    /// True `part` times in a hundred.
    mutating func chance(_ part: Int) -> Bool { Int.random(in: 0..<100, using: &self) < part }
}

/// What a command came to.
final class SharedOutcome: Sendable {
    private let state = Mutex<(error: (any Error)?, number: Int64?)>((nil, nil))

    func set(_ error: (any Error)?) { self.state.withLock { $0.error = error } }
    func set(_ number: Int64) { self.state.withLock { $0.number = number } }
    var error: (any Error)? { self.state.withLock { $0.error } }
    var number: Int64? { self.state.withLock { $0.number } }
}

/// A connection whose next transaction can be made to fail at its end, as a full disk would.
final class FailingConnection: SQLConnection {
    private let real: any SQLConnection
    var failsNext = false

    init(_ real: any SQLConnection) { self.real = real }

    func prepare(_ sql: String) throws(StoreError) -> any SQLStatement { try self.real.prepare(sql) }
    func execute(_ sql: String) throws(StoreError) { try self.real.execute(sql) }
    var changedRows: Int { self.real.changedRows }
    var lastInsertID: Int64 { self.real.lastInsertID }

    func transaction<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result {
        let fails = self.failsNext
        self.failsNext = false
        return try self.real.transaction { () throws(StoreError) in
            let result = try body()
            if fails { throw StoreError.full("no space left") }
            return result
        }
    }
}

extension LoopBench {
    func read<Result>(_ body: (any SQLConnection) throws(StoreError) -> Result) throws -> Result {
        try self.database.access(body)
    }

    func execute(_ sql: String) throws {
        try self.read { connection throws(StoreError) in try connection.execute(sql) }
    }

    func integer(_ sql: String) throws -> Int {
        try self.read { connection throws(StoreError) in Int(try connection.firstInteger(sql) ?? -1) }
    }

    /// Adds contacts `p<n>@<domain>`, each with a name.
    func addContacts(_ count: Int, domain: String = "example.org") throws {
        try self.read { connection throws(StoreError) in
            try connection.transaction { () throws(StoreError) in
                let first = Int(try connection.firstInteger("SELECT coalesce(max(id), 0) FROM contact") ?? 0) + 1
                let insert = try connection.prepare(
                    """
                    INSERT INTO contact (id, email, email_key, domain, created_at, updated_at, f_name)
                    VALUES (?1, ?2, ?2, ?3, 0, 0, ?4)
                    """
                )
                for id in first..<first + count {
                    insert.bind(1, id)
                    insert.bind(2, "p\(id)@\(domain)")
                    insert.bind(3, domain)
                    insert.bind(4, "Person \(id)")
                    try insert.run()
                }
                try connection.execute(
                    """
                    INSERT INTO list (id, name) VALUES (1, 'everyone') ON CONFLICT DO NOTHING;
                    INSERT INTO list_member SELECT 1, id FROM contact WHERE id >= \(first)
                    """
                )
            }
        }
    }

    func targets(_ id: Campaign.ID) throws -> [TargetRow] {
        try self.read { connection throws(StoreError) in
            let row = try connection.prepare(
                """
                SELECT lane, position, contact, state, attempts, due, epoch, reason, doubted FROM target
                WHERE campaign = ?1 ORDER BY contact
                """
            )
            defer { row.reset() }
            row.bind(1, id.rawValue)
            var rows: [TargetRow] = []
            while try row.step() {
                rows.append(
                    TargetRow(
                        lane: Int(row.integer(0)),
                        position: Int(row.integer(1)),
                        contact: row.integer(2),
                        outcome: Outcome(rawValue: Int(row.integer(3))),
                        attempts: Int(row.integer(4)),
                        due: row.optionalInteger(5),
                        reason: row.text(7),
                        wasDoubted: row.integer(8) != 0
                    )
                )
            }
            return rows
        }
    }

    struct TargetRow: Hashable {
        let lane: Int
        let position: Int
        let contact: Int64
        let outcome: Outcome?
        let attempts: Int
        let due: Int64?
        let reason: String
        let wasDoubted: Bool
    }

    /// A campaign to everybody, with more lines.
    static func campaign(_ more: String...) -> String {
        """
        name: test
        relay: main
        audience: {list: everyone}
        from: a@b.example
        variants: [{name: a, subject: s, text: "Hi {{name}}"}]

        """ + more.joined(separator: "\n")
    }
}
