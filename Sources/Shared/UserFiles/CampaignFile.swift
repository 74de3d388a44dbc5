package import Domain

/// A campaign file, read once: every key typed and ranged, everything with its place for the checks that come later.
package struct CampaignFile: Sendable {
    /// As the user named it.
    package var file: String
    /// `name`: 1 to 100 characters on one line.
    package var name: String
    /// `channel`, default `email`.
    package var channel: Channel
    /// `relay`: the name of a configured one; `nil` leaves it to the coordinator, which takes the only one.
    package var relay: String?
    /// `audience`: an expression, `{list: L}` or `{segment: S}`; must be given, so that nobody writes to everybody by forgetting it.
    package var audience: AudienceRule
    /// `from` as it is written; whoever can parse an address checks it.
    package var from: String
    /// `reply_to` as it is written.
    package var replyTo: String?
    /// `headers` in the order of the file, at most ``headersMax``.
    package var headers: [Header]
    /// `variants`, 1 to ``variantsMax``, in the order of the file; names are unique.
    package var variants: [CampaignVariant]
    /// What `{{>name}}` in a template stands for, by name: the files that came along.
    package var partials: [String: String]
    package var missingField: MissingFieldRule
    /// `throttles` of this campaign, at most eight; default none.
    package var throttles: [Limit]
    /// `budget`; `nil` for none.
    package var budget: Budget?
    /// `caps`: how many messages a person may have, over all campaigns; besides those of the configuration; default none.
    package var caps: [FrequencyCap]
    /// `guards`: what of the configuration's does not hold for it.
    package var guards: GuardSettings
    /// `on_doubt`, default `hold`.
    package var onDoubt: OnDoubt
    /// `retries`; `nil` takes the relay's.
    package var retries: RetrySettings?
    /// `weight`, default 1, 1 to 100: this campaign's share of the cluster beside other running ones.
    package var weight: Int
    /// `schedule.expires_after`, default 3 days, 1 second to 90 days after the start: what is not sent then never is.
    package var expiresAfterMilliseconds: Int64
    /// `language`, default `en`: of the page on which recipients unsubscribe.
    package var language: Language
    /// The rest of `schedule`: when it starts, and at which hours of the day it is sent.
    package var schedule: CampaignSchedule
    /// By path of the key.
    let places: [String: Place]

    package static let variantsMax = 100
    package static let headersMax = 20
    /// Length of `name`.
    package static let nameLengthMax = 100

    /// One of `headers`.
    package struct Header: Hashable, Sendable {
        package let name: String
        package let value: TemplateText
    }

    /// Where the value of a key stands, as `place(of: "variants[0].when")`.
    ///
    /// - Parameter path: Keys joined by dots, elements of lists by their index.
    /// - Returns: The nearest enclosing key's place when that key is not in the file.
    package func place(of path: String) -> Place {
        var path = path[...]
        while !path.isEmpty {
            if let place = self.places[String(path)] { return place }
            path = path.lastIndex { $0 == "." || $0 == "[" }.map { path[..<$0] } ?? ""
        }
        return Place(line: 1, column: 1)
    }

    /// A problem at a place in the value of a key, as a condition's parser found it.
    ///
    /// The column is counted from where the value begins; the quote before it, if there is one, is not part of it.
    package func diagnostic(_ problem: Diagnostic, in path: String) -> Diagnostic {
        let place = self.place(of: path)
        let column = problem.line <= 1 && problem.column > 0 ? " (column \(problem.column) of the condition)" : ""
        return Diagnostic(
            problem.severity,
            file: self.file,
            line: place.line,
            column: place.column,
            "\(path): \(problem.message)\(column)"
        )
    }

    /// A problem with the value of a key.
    package func diagnostic(
        _ severity: Diagnostic.Severity = .error,
        at path: String,
        _ message: String
    ) -> Diagnostic {
        let place = self.place(of: path)
        return Diagnostic(severity, file: self.file, line: place.line, column: place.column, "\(path): \(message)")
    }
}

/// One of `variants`: an arm of a campaign.
package struct CampaignVariant: Hashable, Sendable {
    /// `name`: 1 to 60 of `a-z`, `0-9`, `-`, `_`, `.`.
    package var name: String
    /// `when`: an expression; variants with the same one form a group, those without come last.
    package var when: String?
    /// `weight`, default 1, 1 to 1000: the share inside its group.
    package var weight: Int
    /// `subject`: a template of one line.
    package var subject: TemplateText
    /// `text` or `text_file`; this or ``html`` is always there.
    package var text: TemplateText?
    /// `html` or `html_file`.
    package var html: TemplateText?

    package static let weightMax = 1_000
}

/// `missing_field`: what a slot becomes whose field a contact does not have.
package enum MissingFieldRule: Hashable, Sendable {
    /// The message is not sent: `suppressed`, reason `missing_field`.
    case reject
    /// Nothing stands there.
    case blank
    /// A text by field; without one the message is not sent.
    case defaults([String: String])
}
