import Foundation
import UserFiles

/// Who may look into the installation's folders, or put files there.
enum FolderCheck {
    /// The keys and the tokens: whoever may write there can put their own in place of ours.
    static func secrets(_ settings: Settings) -> [Finding] {
        [("keys", settings.keysFolder), ("tokens", settings.tokensFolder)].flatMap { check, folder -> [Finding] in
            // That it is missing is said by what lacks its files.
            guard let facts = FileFacts(folder), facts.mode & 0o022 != 0 else { return [] }
            let text = "others may put files of their own into \(folder)"
            return [.wrong(check, text, remedy: "chmod 700 \(folder)")]
        }
    }

    /// The data folder, without what is in it.
    static func data(_ settings: Settings) -> [Finding] {
        let folder = settings.dataFolder
        guard let facts = FileFacts(folder) else {
            let isMissing = access(folder, F_OK) != 0 && errno == ENOENT
            guard isMissing else {
                let remedy = "look at data_dir in \(settings.file), and at the folders above it"
                return [.wrong("data", "\(folder) cannot be looked at", remedy: remedy)]
            }
            let remedy = "the coordinator makes it at its first start; see data_dir in the settings"
            return [.note("data", "there is no data folder \(folder)", remedy: remedy)]
        }
        guard facts.isFolder else {
            let remedy = "name a folder in data_dir of \(settings.file); it may be one that is not there yet"
            return [.wrong("data", "\(folder) is no folder", remedy: remedy)]
        }
        var findings: [Finding] = []
        if facts.mode & 0o022 != 0 {
            let text = "others may write into \(folder), where people's data are"
            findings.append(.wrong("data", text, remedy: "chmod 700 \(folder)"))
        } else if facts.mode & 0o077 != 0 {
            let text = "others may look into \(folder), where people's data are"
            findings.append(.note("data", text, remedy: "chmod 700 \(folder)"))
        }
        if access(folder, W_OK | X_OK) != 0 {
            let remedy = "run this as the user that the coordinator runs as, or give the folder to it with chown"
            findings.append(.wrong("data", "\(folder) cannot be written by this user", remedy: remedy))
        }
        return findings
    }
}
