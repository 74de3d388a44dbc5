import Domain

/// Partials: files in the campaign's folder that templates include with `{{>name}}`.
extension CampaignSource {
    /// Where a template names a partial.
    package struct PartialUse: Hashable, Sendable {
        package let name: String
        /// 1-based, in the template's text.
        package let line: Int
        /// 1-based, in characters.
        package let column: Int

        package init(name: String, line: Int, column: Int) {
            self.name = name
            self.line = line
            self.column = column
        }
    }

    /// Files that one campaign may include: more than any mailing has, and few enough to be read in a moment.
    package static let partialsMax = 100

    private static let partialEnding = ".mustache"

    /// The file that `{{>name}}` stands for: `footer.html` is itself, `footer` is `footer.mustache`.
    package static func partialFile(_ name: String) -> String {
        name.split(separator: "/").last?.contains(".") == true ? name : name + Self.partialEnding
    }

    /// All files that came with a campaign, by every name that a template may include them under.
    static func partials(in files: [String: String]) -> [String: String] {
        var partials = files
        for (name, text) in files where name.hasSuffix(Self.partialEnding) {
            let stem = String(name.dropLast(Self.partialEnding.count))
            if Self.partialFile(stem) == name { partials[stem] = text }
        }
        return partials
    }

    /// Reads the partials that the templates name, and those that these name.
    ///
    /// - Parameters:
    ///   - folder: The campaign file's.
    ///   - uses: Finds the partials that a text names.
    /// - Throws: All files that cannot be read, each with the place of a tag that names it.
    mutating func readPartials(in folder: String, _ uses: (String) -> [PartialUse]) throws(FileProblems) {
        let campaign: CampaignFile
        do throws(FileProblems) {
            campaign = try CampaignFile.parse(self.source, fileName: self.fileName, files: self.files)
        } catch {
            // Whoever reads the campaign itself says so.
            return
        }
        var waiting = campaign.headers.map(\.value)
        for variant in campaign.variants { waiting += [variant.subject, variant.text, variant.html].compactMap { $0 } }
        var problems: [Diagnostic] = []
        var read = 0
        while let text = waiting.popLast() {
            for use in uses(text.text) {
                let name = Self.partialFile(use.name)
                guard self.files[name] == nil else { continue }
                func problem(_ message: String) {
                    let text = text.diagnostic(line: use.line, column: use.column, "{{>\(use.name)}}: \(message)")
                    if !problems.contains(text) { problems.append(text) }
                }
                guard Self.isInside(name) else {
                    problem("\(quoted(name)) is not allowed; allowed: \(Self.nameGrammar)")
                    continue
                }
                read += 1
                guard read <= Self.partialsMax else {
                    problem("more than \(Self.partialsMax) files are included")
                    throw FileProblems(problems)
                }
                do throws(RegularFile.Failure) {
                    let found = try Self.readTemplate(name, in: folder)
                    self.files[name] = found
                    waiting.append(TemplateText(text: found, file: name))
                } catch {
                    problem("the file \(quoted(name)) \(error.message)")
                }
            }
        }
        guard problems.isEmpty else { throw FileProblems(problems) }
    }

    /// A template's text from a regular file inside the folder.
    static func readTemplate(_ name: String, in folder: String) throws(RegularFile.Failure) -> String {
        let bytes = try RegularFile.read(name, inside: folder, RegularFile.Demand(bytesMax: Self.fileBytesMax))
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw RegularFile.Failure(message: "is not UTF-8 text")
        }
        return text
    }
}
