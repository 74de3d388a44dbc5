/// The segments of a submitted campaign stand among its files, as they were defined then: so an approval is bound to them,
/// and whoever defines one anew changes no campaign that was handed in.
enum SubmittedSegments {
    /// No file has such a name: a colon after a word that no folder is called.
    private static let prefix = "segment:"

    static func added(_ segments: [String: String], to files: [String: String]) -> [String: String] {
        var all = self.removed(from: files)
        for (name, text) in segments { all[self.prefix + name] = text }
        return all
    }

    static func read(from files: [String: String]) -> [String: String] {
        var segments: [String: String] = [:]
        for (name, text) in files where name.hasPrefix(self.prefix) {
            segments[String(name.dropFirst(self.prefix.count))] = text
        }
        return segments
    }

    static func removed(from files: [String: String]) -> [String: String] {
        files.filter { !$0.key.hasPrefix(self.prefix) }
    }
}
