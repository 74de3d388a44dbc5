import Foundation

/// What a path leads to; links are followed.
struct FileFacts: Hashable {
    let isFile: Bool
    let isFolder: Bool
    /// The nine bits of who may do what.
    let mode: Int
    /// Tells files of one disk apart.
    let number: Int

    /// - Returns: `nil` when it leads to nothing that can be looked at.
    init?(_ path: String) {
        let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: target),
            let mode = attributes[.posixPermissions] as? Int
        else { return nil }
        self.isFile = attributes[.type] as? FileAttributeType == .typeRegular
        self.isFolder = attributes[.type] as? FileAttributeType == .typeDirectory
        self.mode = mode & 0o777
        self.number = attributes[.systemFileNumber] as? Int ?? 0
    }
}
