import Domain

/// A campaign file and the files it names, as text: what the command line sends and what ``CampaignFile`` reads.
package struct CampaignSource: Hashable, Sendable {
    /// As the user named it.
    package var fileName: String
    package var source: String
    /// By the name used in the campaign file.
    package var files: [String: String]

    /// Largest file of a template.
    package static let fileBytesMax = 1_048_576

    static let nameGrammar = "the name of a file in the campaign file's folder, without \"..\" and not absolute"

    /// Reads the campaign file at `path` and every file it names.
    ///
    /// The named files must be regular files inside its folder; symbolic links are refused, as they could lead to
    /// anything that this user may read and send it to thousands.
    ///
    /// - Parameters:
    ///   - path: As the user named it.
    ///   - partials: Finds the partials that a template names; their files are read as well.
    /// - Returns: Everything that ``CampaignFile/parse(_:fileName:files:)`` needs.
    /// - Throws: All files that cannot be read, and why.
    package static func read(
        path: String,
        partials: (String) -> [PartialUse] = { _ in [] }
    ) throws(FileProblems) -> CampaignSource {
        let source = try Self.readCampaign(path)
        let folder = Paths.folder(of: Paths.absolute(path))
        var files: [String: String] = [:]
        var problems: [Diagnostic] = []
        for reference in try Self.referencedFiles(in: source, fileName: path) where files[reference.name] == nil {
            do throws(RegularFile.Failure) {
                files[reference.name] = try Self.readTemplate(reference.name, in: folder)
            } catch {
                let message = "\(reference.path): the file \(quoted(reference.name)) \(error.message)"
                let place = reference.place
                problems.append(Diagnostic(file: path, line: place.line, column: place.column, message))
            }
        }
        guard problems.isEmpty else { throw FileProblems(problems) }
        var found = CampaignSource(fileName: path, source: source, files: files)
        try found.readPartials(in: folder, partials)
        return found
    }

    private static func readCampaign(_ path: String) throws(FileProblems) -> String {
        let message: String
        do {
            let bytes = try RegularFile.read(path, RegularFile.Demand(bytesMax: FileNode.sourceBytesMax))
            if let text = String(validating: bytes, as: UTF8.self) { return text }
            message = "is not UTF-8 text"
        } catch {
            message = error.message
        }
        throw FileProblems([Diagnostic(file: path, "the file \(message)")])
    }

    /// A file that a campaign file names.
    package struct Reference: Hashable, Sendable {
        /// `variants[0].text_file`.
        package let path: String
        package let name: String
        package let place: Place
    }

    /// Every `text_file` and `html_file` of a campaign, in the order of the file.
    ///
    /// Keys of the wrong form are left to ``CampaignFile/parse(_:fileName:files:)``.
    ///
    /// - Parameters:
    ///   - source: Text of the campaign file.
    ///   - fileName: Named in problems.
    /// - Returns: Names that lie inside the campaign's folder.
    /// - Throws: When the text is no YAML.
    package static func referencedFiles(in source: String, fileName: String) throws(FileProblems) -> [Reference] {
        guard case .map(let entries, _) = try FileNode.parse(source, file: fileName),
            let variants = entries.first(where: { $0.key == "variants" }), case .list(let elements, _) = variants.value
        else { return [] }
        var references: [Reference] = []
        for (index, element) in elements.enumerated() {
            guard case .map(let keys, _) = element else { continue }
            for entry in keys where entry.key == "text_file" || entry.key == "html_file" {
                guard case .scalar(let scalar) = entry.value, Self.isInside(scalar.text) else { continue }
                let path = "variants[\(index)].\(entry.key)"
                references.append(Reference(path: path, name: scalar.text, place: scalar.place))
            }
        }
        return references
    }

    /// Whether a name stays inside the folder it starts from.
    static func isInside(_ name: String) -> Bool {
        guard (1...255).contains(name.utf8.count), !name.utf8.contains(0) else { return false }
        return name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
            !$0.isEmpty && $0 != "." && $0 != ".."
        }
    }
}
