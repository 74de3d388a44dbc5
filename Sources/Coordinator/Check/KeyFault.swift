import Foundation
import Transport

/// What is the matter with a secret file that cannot be used: it decides what helps.
enum KeyFault: Hashable {
    case missing
    /// Something else has its name: a folder, a link to nothing.
    case noFile
    /// Others than its owner may read it.
    case open
    /// This user may not read it.
    case foreign
    /// It holds something else.
    case content

    /// - Parameters:
    ///   - path: Of the file that could not be used.
    ///   - isSecret: Others may not read it.
    init(of path: String, isSecret: Bool = true) {
        if !SecretFile.exists(path) {
            self = .missing
        } else if let facts = FileFacts(path), facts.isFile {
            self = isSecret && facts.mode & 0o077 != 0 ? .open : access(path, R_OK) == 0 ? .content : .foreign
        } else {
            self = access(path, F_OK) != 0 && errno == EACCES ? .foreign : .noFile
        }
    }

    /// What to do about a file.
    ///
    /// - Parameters:
    ///   - path: Of the file.
    ///   - isSecret: Others may not read it.
    ///   - missing: What helps when it is not there.
    ///   - content: What helps when something else is in it.
    /// - Returns: One sentence without its stop.
    static func remedy(for path: String, isSecret: Bool = true, missing: String, content: String) -> String {
        switch KeyFault(of: path, isSecret: isSecret) {
        case .missing: missing
        case .noFile: "move it away, and put the file there from a backup"
        case .open: "chmod 600 \(path)"
        case .foreign: "run this as the user that the coordinator runs as, or give the file to it with chown"
        case .content: content
        }
    }
}
