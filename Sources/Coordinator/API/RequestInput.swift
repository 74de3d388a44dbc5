import Domain
import Foundation
import Hummingbird
import Intake
import NIOCore

/// One authorised request, with its parts read and checked.
struct RequestInput: Sendable {
    let request: Request
    let context: APIContext
    let caller: Caller

    /// Bound of every body that is held whole: campaign files with their texts are the longest.
    static let bodyBytesMax = 2 << 20

    /// A part of the path that the route names.
    func parameter(_ name: String) throws -> String {
        let text = try self.context.parameters.require(name)
        return text.removingPercentEncoding ?? text
    }

    /// - Throws: ``Problem`` with status 400 when the query has a parameter that the request does not know: misspelt, it would do
    ///   nothing; or one of them twice: nobody could tell which one counts.
    func requireQuery(among known: [String]) throws {
        let names = self.request.uri.queryParameters.map { String($0.key) }
        try NameCheck.check(names, among: known, of: "query")
        var seen: Set<String> = []
        for name in names where !seen.insert(name).inserted {
            throw Problem.badRequest("The query has \(name) more than once; say it once.")
        }
    }

    /// A query parameter.
    ///
    /// - Returns: `nil` when it is missing or empty.
    func query(_ name: String) -> String? {
        guard let value = self.request.uri.queryParameters[Substring(name)], !value.isEmpty else { return nil }
        return String(value)
    }

    /// A query parameter that is a whole number.
    ///
    /// - Returns: `nil` when it is missing or empty.
    /// - Throws: ``Problem`` with status 400 that says what is allowed.
    func number(_ name: String, in range: ClosedRange<Int64>) throws -> Int64? {
        guard let text = self.query(name) else { return nil }
        guard text.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int64(text), range.contains(number) else {
            throw Problem.badRequest("\(name) must be a number, \(range.lowerBound) to \(range.upperBound).")
        }
        return number
    }

    /// Rows of a page when the request does not say.
    static let pageDefault: Int64 = 100
    /// Most rows of a page.
    static let pageMax: Int64 = 1_000
    /// Longest cursor that is looked at.
    static let cursorCharactersMax = 256

    /// Which part of a list is asked for.
    ///
    /// - Throws: ``Problem`` with status 400 that says what is allowed.
    func page() throws -> (cursor: String?, limit: Int) {
        let limit = try self.number("limit", in: 1...Self.pageMax) ?? Self.pageDefault
        let cursor = self.query("cursor")
        guard (cursor?.utf8.count ?? 0) <= Self.cursorCharactersMax else { throw Self.strangeCursor }
        return (cursor, Int(limit))
    }

    static let strangeCursor = Problem.badRequest("cursor must be next_cursor of an earlier answer, as it was.")

    /// The campaign that a page comes after.
    func campaignCursor(_ text: String) throws -> Campaign.ID {
        guard let id = Campaign.ID(publicID: text) else { throw Self.strangeCursor }
        return id
    }

    /// The campaign that the path names.
    func campaignID() throws -> Campaign.ID { try self.campaignID(self.parameter("id")) }

    func campaignID(_ text: String) throws -> Campaign.ID {
        // Whatever is no id names no campaign.
        guard let id = Campaign.ID(publicID: text) else { throw Problem.notFound("There is no such campaign.") }
        return id
    }

    /// The whole body as JSON, at most ``bodyBytesMax`` of it.
    ///
    /// - Throws: ``Problem`` with status 415 when it is said to be something else or packed, 413 when it is longer, 400 when it cannot be
    ///   read.
    func body<Value: RequestForm>(_ type: Value.Type) async throws -> Value {
        if let coding = self.request.headers[.contentEncoding], coding.lowercased() != "identity" {
            throw Problem.packed(coding)
        }
        if let named = self.request.headers[.contentType] {
            let media = named.prefix { $0 != ";" }.trimmingBlanks.lowercased()
            guard media == "application/json" else { throw Problem.notJSON(media) }
        }
        let limit = Self.bodyBytesMax
        do {
            return try JSONForm.decode(type, from: try await self.request.body.collect(upTo: limit))
        } catch is NIOTooManyBytesError {
            throw Problem.tooLarge(bytesMax: limit)
        }
    }

    /// Parameters of ``importRequest()``.
    static let importKeys = [
        "file", "list", "source", "basis", "proof", "channels", "on_conflict", "dry_run", "layout", "map",
    ]
    /// Longest name of a list.
    static let listCharactersMax = 200

    func importRequest() throws -> ImportRequest {
        guard let file = self.query("file") else {
            throw Problem.badRequest("The query lacks file: the name of the file.")
        }
        let rule = self.query("on_conflict") ?? ConflictRule.merge.rawValue
        guard let onConflict = ConflictRule(rawValue: rule) else {
            let allowed = ConflictRule.allCases.map(\.rawValue).joined(separator: ", ")
            throw Problem.badRequest("on_conflict must be one of \(allowed).")
        }
        let list = self.query("list")
        guard list.map({ Self.isListName($0) }) ?? true else {
            throw Problem.badRequest("list must be 1 to \(Self.listCharactersMax) characters in one line.")
        }
        return ImportRequest(
            file: file,
            list: list,
            source: self.query("source"),
            basis: self.query("basis"),
            proof: self.query("proof"),
            channels: try self.channels(),
            onConflict: onConflict,
            isDryRun: try self.flag("dry_run"),
            map: try ColumnMap(layout: self.query("layout"), json: self.query("map"))
        )
    }

    private static func isListName(_ name: String) -> Bool {
        name.unicodeScalars.count <= Self.listCharactersMax
            && !name.unicodeScalars.contains { $0.properties.generalCategory == .control }
            && !name.contains(where: \.isNewline)
    }

    private func flag(_ name: String) throws -> Bool {
        guard let text = self.query(name) else { return false }
        guard ["true", "false"].contains(text) else { throw Problem.badRequest("\(name) must be true or false.") }
        return text == "true"
    }

    private func channels() throws -> [String]? {
        guard let text = self.query("channels") else { return nil }
        let channels = text.split(separator: ",").map(String.init)
        guard channels.allSatisfy({ ConsentMarks.channels.contains($0) }), !channels.isEmpty else {
            throw Problem.badRequest("channels must be some of \(ConsentMarks.channels.joined(separator: ",")).")
        }
        return ConsentMarks.channels.filter { channels.contains($0) }
    }

    func cloneChange() throws -> CloneChange {
        CloneChange(
            isForUnsent: try self.flag("unsent"),
            messagesMax: try self.number("budget", in: 1...Int64(Limit.quantityMax)).map(Int.init)
        )
    }

    /// The digest of what somebody looked at; one that is empty is wrong, too, since it would bind nobody to anything.
    func digest() throws -> String? {
        guard let text = self.request.uri.queryParameters["digest"] else { return nil }
        guard text.utf8.count == 64, text.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
            throw Problem.badRequest("digest must be the 64 hexadecimal digits that /v1/campaigns/ID/file says.")
        }
        return text.lowercased()
    }

    func targetSelection() throws -> TargetSelection {
        guard let name = self.query("outcome") else { return .all }
        guard let selection = TargetSelection(name: name) else {
            throw Problem.badRequest("outcome must be one of \(TargetSelection.grammar).")
        }
        return selection
    }
}

extension Substring {
    fileprivate var trimmingBlanks: Substring {
        let start = self.drop { $0 == " " || $0 == "\t" }
        let end = start.lastIndex { $0 != " " && $0 != "\t" }
        return end.map { start[...$0] } ?? ""
    }
}
