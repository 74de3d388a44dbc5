import Domain
import Foundation
import Storage
import StorageSQLite
import Transport
import UserFiles

@testable import CoordinatorCore

/// A folder as `postrider init` makes it, for looking at what a start would say; removed with its owner.
final class StartFolder: Sendable {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("postrider-\(UUID().uuidString)").path
    var settingsPath: String { "\(self.path)/postrider.yaml" }
    var database: String { "\(self.path)/data/postrider.sqlite" }

    /// No port is asked of the machine.
    static let quietPorts = "coordinator: {api_listen: '127.0.0.1:0', workers_listen: 'tcp://127.0.0.1:0'}\n"

    init() throws {
        for name in ["", "/keys", "/tokens", "/data"] {
            try FileManager.default.createDirectory(atPath: self.path + name, withIntermediateDirectories: true)
            try self.allow(0o700, name)
        }
        try self.write("postrider.yaml", Self.quietPorts, mode: 0o644)
        let keys = try CurveKeyPair.generate()
        try KeyFile.write(keys, to: "\(self.path)/keys/coordinator.key")
        try KeyFile.writePublic(keys.publicKey, to: "\(self.path)/keys/coordinator.pub")
        try AllowList().write(to: "\(self.path)/keys/workers.allow")
        for role in Role.allCases { try self.write("tokens/\(role.name).token", "a-token-of-the-\(role.name)-role\n") }
    }

    deinit { try? FileManager.default.removeItem(atPath: self.path) }

    func settings(_ text: String = StartFolder.quietPorts) throws -> Settings {
        try Settings.parse(text, file: self.settingsPath, folder: self.path, environment: [:])
    }

    func write(_ name: String, _ text: String, mode: Int = 0o600) throws {
        try? FileManager.default.removeItem(atPath: "\(self.path)/\(name)")
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(self.path)/\(name)"))
        try self.allow(mode, name)
    }

    func read(_ name: String) throws -> String {
        try String(contentsOfFile: "\(self.path)/\(name)", encoding: .utf8)
    }

    func allow(_ mode: Int, _ name: String) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: "\(self.path)/\(name)")
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: "\(self.path)/\(name)") }

    /// A folder of that name in place of whatever has it.
    func makeFolder(_ name: String) throws {
        try? self.remove(name)
        try FileManager.default.createDirectory(atPath: "\(self.path)/\(name)", withIntermediateDirectories: false)
    }

    /// Opens the database as a start does, and closes it.
    func withStore<Result>(_ body: (SQLiteDatabase) throws -> Result) throws -> Result {
        let store = try SQLiteDatabase(path: self.database, profile: .ledger, applicationID: Schema.ledgerID)
        try store.access { connection throws(StoreError) in try Schema.migrate(connection) }
        let result = Swift.Result { try body(store) }
        try store.close()
        return try result.get()
    }

    /// What a start does about the keys of recipients.
    @discardableResult
    func start() throws -> RecipientKeys {
        try self.withStore { try RecipientKeys(self.settings(), store: $0) }
    }

    func execute(_ statement: String) throws {
        try self.withStore { store in
            try store.access { connection throws(StoreError) in try connection.execute(statement) }
        }
    }

    /// Every file with its bytes, and every mode; without what SQLite keeps beside a database that is read.
    func contents() throws -> [String: String] {
        var contents: [String: String] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: self.path) {
            guard !name.hasSuffix("-wal"), !name.hasSuffix("-shm") else { continue }
            let path = "\(self.path)/\(name)"
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            let bytes = FileManager.default.contents(atPath: path)?.base64EncodedString() ?? "folder"
            contents[name] = "\(attributes[.posixPermissions] ?? 0) \(bytes)"
        }
        return contents
    }
}
