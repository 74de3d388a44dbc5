/// How the names of time zones are spelled: in any case, with blanks for underscores, by their old names, by their city alone, and as
/// other programs call them.
package struct ZoneSpellings: Hashable, Sendable {
    /// Names by themselves in lower case.
    private var names: [String: Name] = [:]
    /// Zones by the city that they are named after; more than one are no answer.
    private var cities: [String: Set<String>] = [:]

    private struct Name: Hashable {
        let zone: String
        /// The zone that an old name stands for: its own file may not be installed.
        let target: String?
    }

    /// What a text says.
    enum Meaning: Hashable, Sendable {
        /// In all of them, when there are several.
        case zones([String])
        case offset(FixedOffset)
    }

    /// - Parameters:
    ///   - zoneTab: The system's `zone.tab`: names of zones in the third column.
    ///   - tzdata: The system's `tzdata.zi`: names and old names of zones (lines `Z name …` and `L target name`); may be empty.
    package init(zoneTab: String, tzdata: String) {
        for line in zoneTab.utf8.split(separator: UInt8(ascii: "\n")) where line.first != UInt8(ascii: "#") {
            let fields = line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
            if fields.count >= 3 { self.add(fields[2], for: nil) }
        }
        for line in tzdata.utf8.split(separator: UInt8(ascii: "\n")) {
            guard line.first == UInt8(ascii: "Z") || line.first == UInt8(ascii: "L") else { continue }
            let words = line.split(separator: UInt8(ascii: " "))
            guard words.count >= 3 else { continue }
            if words[0].elementsEqual("Z".utf8) { self.add(words[1], for: nil) }
            if words[0].elementsEqual("L".utf8) { self.add(words[2], for: words[1]) }
        }
    }

    /// Regions whose zones are named after cities and islands that are known by that name alone.
    private static let regions: Set<Substring> = [
        "Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific",
    ]

    private mutating func add(_ name: Substring.UTF8View.SubSequence, for target: Substring.UTF8View.SubSequence?) {
        let zone = String(Substring(name))
        let key = zone.lowercased()
        guard self.names[key] == nil else { return }
        self.names[key] = Name(zone: zone, target: target.map { String(Substring($0)) })
        let parts = zone.split(separator: "/")
        guard parts.count == 2, Self.regions.contains(parts[0]) else { return }
        self.cities[Self.key(parts[1]), default: []].insert(self.names[key]?.target ?? zone)
    }

    /// The zone that a name stands for now, where it is an old one or one of several.
    func target(ofZone zone: String) -> String? { self.names[zone.lowercased()]?.target }

    /// What a text says about clocks.
    ///
    /// - Parameters:
    ///   - text: As a list has it.
    ///   - source: Knows the zones.
    /// - Returns: `nil` when it cannot be read.
    func meaning(of text: some StringProtocol, _ source: any ZoneSource) -> Meaning? {
        if let zones = self.zones(of: text, source) { return .zones(zones) }
        let text = text.drop(while: \.isWhitespace)
        // (GMT-05:00) Eastern Time (US & Canada)
        if text.first == "(", let end = text.firstIndex(of: ")") {
            let offset = FixedOffset(text[text.index(after: text.startIndex)..<end])
            let zones = self.zones(of: text[text.index(after: end)...], source)
            return zones.map { .zones($0) } ?? offset.map { .offset($0) }
        }
        return FixedOffset(text).map { .offset($0) }
    }

    private func zones(of text: some StringProtocol, _ source: any ZoneSource) -> [String]? {
        let key = Self.key(text)
        if let zones = ZoneNicknames.zones[key] {
            let known = zones.compactMap { self.known($0, source) }
            return known.count == zones.count ? known : nil
        }
        let blanks = text.lowercased().split { $0.isWhitespace || $0 == "_" }.joined(separator: "_")
        // What people write as GMT+0 is a distance, though there is a zone of that name.
        if FixedOffset(blanks) == nil, let name = self.names[blanks] {
            return (self.known(name.zone, source)).map { [$0] }
        }
        guard let zones = self.cities[key], zones.count == 1 else { return nil }
        return zones.first.flatMap { self.known($0, source) }.map { [$0] }
    }

    /// The zone, or what it stands for when it has no file.
    private func known(_ zone: String, _ source: any ZoneSource) -> String? {
        if source.rules(of: zone) != nil { return zone }
        guard let target = self.target(ofZone: zone), source.rules(of: target) != nil else { return nil }
        return target
    }

    /// What spellings of one name have in common: words in lower case, underscores between.
    ///
    /// `Eastern Time (US &amp; Canada)` and `eastern time us-canada` are one.
    static func key(_ text: some StringProtocol) -> String {
        var words: [String] = []
        var word = ""
        for scalar in text.unicodeScalars {
            if scalar.properties.isAlphabetic || scalar.properties.numericType != nil {
                word += scalar.properties.lowercaseMapping
            } else if scalar != "'" && scalar != "\u{2019}" && !word.isEmpty {
                words.append(word)
                word = ""
            }
        }
        if !word.isEmpty { words.append(word) }
        return words.filter { $0 != "amp" }.joined(separator: "_")
    }
}
