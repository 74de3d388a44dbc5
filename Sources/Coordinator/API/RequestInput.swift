import Domain
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
    func parameter(_ name: String) throws -> String { try self.context.parameters.require(name) }

    /// A query parameter.
    ///
    /// - Returns: `nil` when it is missing or empty.
    func query(_ name: String) -> String? {
        guard let value = self.request.uri.queryParameters[Substring(name)], !value.isEmpty else { return nil }
        return String(value)
    }

    /// The campaign that the path names.
    func campaignID() throws -> Campaign.ID { try self.campaignID(self.parameter("id")) }

    func campaignID(_ text: String) throws -> Campaign.ID {
        // Whatever is no id names no campaign.
        guard let id = Campaign.ID(publicID: text) else { throw Problem.notFound("There is no such campaign.") }
        return id
    }

    /// The whole body as JSON, at most ``bodyBytesMax`` of it.
    func body<Value: Decodable>(_ type: Value.Type) async throws -> Value {
        let limit = Self.bodyBytesMax
        do {
            return try JSONForm.decode(type, from: try await self.request.body.collect(upTo: limit))
        } catch is NIOTooManyBytesError {
            throw Problem.tooLarge(bytesMax: limit)
        }
    }

    func importRequest() throws -> ImportRequest {
        guard let file = self.query("file") else {
            throw Problem.badRequest("The query lacks file: the name of the file.")
        }
        let rule = self.query("on_conflict") ?? ConflictRule.merge.rawValue
        guard let onConflict = ConflictRule(rawValue: rule) else {
            let allowed = ConflictRule.allCases.map(\.rawValue).joined(separator: ", ")
            throw Problem.badRequest("on_conflict must be one of \(allowed).")
        }
        return ImportRequest(
            file: file,
            list: self.query("list"),
            source: self.query("source"),
            basis: self.query("basis"),
            onConflict: onConflict,
            map: try ColumnMap(layout: self.query("layout"), json: self.query("map"))
        )
    }

    func targetSelection() throws -> TargetSelection {
        guard let name = self.query("outcome") else { return .all }
        guard let selection = TargetSelection(name: name) else {
            throw Problem.badRequest("outcome must be one of \(TargetSelection.grammar).")
        }
        return selection
    }
}
