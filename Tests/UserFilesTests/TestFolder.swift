import Foundation

/// A folder of a test's own.
struct TestFolder {
    let path: String

    init() throws {
        self.path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: self.path, withIntermediateDirectories: true)
    }

    func write(_ name: String, _ text: String, mode: Int = 0o644) throws {
        let target = "\(self.path)/\(name)"
        let folder = (target as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: target))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: target)
    }

    func remove() {
        // What stays behind is the system's temporary folder's to clear.
        try? FileManager.default.removeItem(atPath: self.path)
    }
}

extension TestFolder {
    /// Files that a campaign must not send along.
    func fillWithOddFiles() throws {
        try self.write("real/a.txt", "a")
        try self.write("folder/a.txt", "a")
        try self.write("large.txt", String(repeating: "a", count: 1_048_577))
        try Data([0x47, 0xFC]).write(to: URL(fileURLWithPath: "\(self.path)/latin.txt"))
        let files = FileManager.default
        try files.createSymbolicLink(atPath: "\(self.path)/link.txt", withDestinationPath: "\(self.path)/real/a.txt")
        try files.createSymbolicLink(atPath: "\(self.path)/linked", withDestinationPath: "\(self.path)/real")
        guard mkfifo("\(self.path)/pipe", 0o600) == 0 else { throw POSIXError(.EIO) }
    }
}
