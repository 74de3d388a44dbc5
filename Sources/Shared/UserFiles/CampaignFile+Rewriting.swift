import Domain
import Yams

extension CampaignFile {
    /// The text of a campaign file with another audience or budget, and all else as it was.
    ///
    /// Comments are lost, and values may be quoted otherwise.
    ///
    /// - Parameters:
    ///   - source: Text of a campaign file that was read before.
    ///   - file: Named in problems.
    ///   - audience: The new expression; `nil` for the old rule.
    ///   - messagesMax: All that the new budget says; `nil` for the old one.
    /// - Returns: YAML.
    /// - Throws: When it cannot be read, or would mean something else afterwards.
    package static func rewritten(
        _ source: String,
        file: String,
        audience: String?,
        messagesMax: Int?
    ) throws(FileProblems) -> String {
        // Its bounds are checked, and it has no aliases.
        guard case .map(let before, _) = try FileNode.parse(source, file: file) else {
            throw FileProblems([Diagnostic(file: file, "is no group of keys")])
        }
        let text: String
        do {
            guard case .mapping(var root)? = try Parser(yaml: source, encoding: .utf8).singleRoot() else {
                throw YamlError.no
            }
            if let audience { root["audience"] = Node(audience, .implicit, .doubleQuoted) }
            if let messagesMax { root["budget"] = Node([(Node("max_messages"), Node("\(messagesMax)"))]) }
            // Long lines stay lines, or a text would have other ones.
            text = try serialize(node: .mapping(root), width: -1, allowUnicode: true)
        } catch {
            throw FileProblems([Diagnostic(file: file, "cannot be written anew: \(error)")])
        }
        guard case .map(let after, _) = try FileNode.parse(text, file: file) else {
            throw FileProblems([Diagnostic(file: file, "cannot be written anew")])
        }
        var changed: Set<String> = []
        if audience != nil { changed.insert("audience") }
        if messagesMax != nil { changed.insert("budget") }
        let kept = { (entries: [FileNode.Entry]) in
            entries.filter { !changed.contains($0.key) }.map { "\($0.key)=\($0.value.meaning)" }
        }
        guard kept(before) == kept(after) else {
            throw FileProblems([Diagnostic(file: file, "cannot be written anew without a change to other keys")])
        }
        return text
    }
}

extension FileNode {
    /// What it says, however it is written.
    fileprivate var meaning: String {
        switch self {
        case .scalar(let scalar): "'\(scalar.text.count) \(scalar.text)'"
        case .list(let elements, _): "[\(elements.map(\.meaning).joined(separator: ","))]"
        case .map(let entries, _): "{\(entries.map { "\($0.key)=\($0.value.meaning)" }.joined(separator: ","))}"
        case .null: "null"
        }
    }
}
