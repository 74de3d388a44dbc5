import Foundation

/// A folder of a test's own.
struct TestFolder {
    let path: String

    init() throws {
        self.path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: self.path, withIntermediateDirectories: true)
    }

    @discardableResult
    func write(_ name: String, _ text: String, mode: Int = 0o644) throws -> String {
        let target = "\(self.path)/\(name)"
        try Data(text.utf8).write(to: URL(fileURLWithPath: target))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: target)
        return target
    }

    func read(_ name: String) throws -> String {
        try String(contentsOfFile: "\(self.path)/\(name)", encoding: .utf8)
    }

    /// Every file below the folder with its bytes and its mode.
    func contents() throws -> [String: String] {
        var contents: [String: String] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: self.path) {
            let path = "\(self.path)/\(name)"
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            let mode = attributes[.posixPermissions] as? Int ?? 0
            let isFolder = attributes[.type] as? FileAttributeType == .typeDirectory
            let bytes = isFolder ? "" : try Data(contentsOf: URL(fileURLWithPath: path)).base64EncodedString()
            contents[name] = "\(String(mode, radix: 8)) \(bytes)"
        }
        return contents
    }

    func remove() {
        // What stays behind is the system's temporary folder's to clear.
        try? FileManager.default.removeItem(atPath: self.path)
    }
}

extension TestFolder {
    func remove(_ name: String) {
        // A file that is gone already is as good.
        try? FileManager.default.removeItem(atPath: "\(self.path)/\(name)")
    }
}
