import Domain

extension CampaignFile {
    /// Reads a campaign.
    ///
    /// `${NAME}` is not replaced: the same file must mean the same wherever it is read.
    ///
    /// - Parameters:
    ///   - source: Text of the campaign file.
    ///   - fileName: Named in problems.
    ///   - files: Texts of the files that `text_file` and `html_file` name; see ``CampaignSource``.
    /// - Returns: A campaign whose templates, expressions and addresses are still unchecked texts.
    /// - Throws: All problems of the file at once.
    package static func parse(
        _ source: String,
        fileName: String,
        files: [String: String]
    ) throws(FileProblems) -> CampaignFile {
        let root = try FileNode.parse(source, file: fileName)
        let reading = FileReading(file: fileName, source: source, environment: nil)
        let keys = KeyReader(root, path: "", reading: reading, keys: Self.keys)
        let (schedule, expiresAfterMilliseconds) = CampaignSchedule.read(keys)
        let campaign = CampaignFile(
            file: fileName,
            name: Self.line(keys, "name", charactersMax: Self.nameLengthMax) ?? "",
            channel: Self.channel(keys),
            relay: keys.text("relay"),
            audience: Self.audience(keys) ?? .expression(""),
            from: Self.address(keys, "from", isRequired: true) ?? "",
            replyTo: Self.address(keys, "reply_to", isRequired: false),
            headers: Self.headers(keys),
            variants: Self.variants(keys, files: files),
            partials: CampaignSource.partials(in: files),
            missingField: MissingFieldRule(keys),
            throttles: keys.limits("throttles"),
            budget: Self.budget(keys),
            caps: keys.caps("caps"),
            guards: GuardSettings.read(keys),
            onDoubt: keys.choice("on_doubt", default: .hold),
            retries: keys.node("retries").map { RetrySettings($0, path: "retries", reading: reading) },
            weight: keys.integer("weight", default: 1, in: 1...100),
            expiresAfterMilliseconds: expiresAfterMilliseconds,
            language: keys.choice("language", default: .english),
            schedule: schedule,
            places: reading.places
        )
        return try reading.finish(campaign)
    }

    static let keys = KeySet(
        known: [
            "name", "channel", "relay", "audience", "from", "reply_to", "headers", "variants", "missing_field",
            "schedule",
            "throttles", "budget", "caps", "guards", "on_doubt", "retries", "weight", "language",
        ],
        notYet: ["consent"]
    )

    /// A required text on one line.
    private static func line(
        _ keys: KeyReader,
        _ key: String,
        charactersMax: Int,
        like example: String = ""
    ) -> String? {
        let allowed = "\(example)1 to \(charactersMax) characters on one line"
        guard let text = keys.required(key, allowed) else { return nil }
        guard (1...charactersMax).contains(text.count), text.unicodeScalars.allSatisfy(isPrintable) else {
            keys.problem(key, "\(quoted(text)) is not allowed; allowed: \(allowed)")
            return nil
        }
        return text
    }

    /// Length of `from` and `reply_to`: a longest address and a name as long.
    private static let addressCharactersMax = 640

    private static func address(_ keys: KeyReader, _ key: String, isRequired: Bool) -> String? {
        guard isRequired || keys.has(key) else { return nil }
        let allowed = "an address such as Ann Lee <ann@campaign.example>"
        let text = Self.line(keys, key, charactersMax: Self.addressCharactersMax, like: "\(allowed), ")
        guard let text else { return nil }
        guard text.contains("@") else {
            keys.problem(key, "\(quoted(text)) is not allowed; allowed: \(allowed)")
            return nil
        }
        return text
    }

    private static func channel(_ keys: KeyReader) -> Channel {
        if let text = keys.text("channel"), ["sms", "webhook", "print", "canvass"].contains(text) {
            keys.problem("channel", "\(quoted(text)) is not available in this version; allowed: email")
            return .email
        }
        return keys.choice("channel", default: .email)
    }

    private static func audience(_ keys: KeyReader) -> AudienceRule? {
        let allowed = "an expression such as state = 'IA', {list: NAME}, or {segment: NAME}"
        switch keys.node("audience") {
        case .scalar(let scalar): return .expression(scalar.text)
        case .map(let entries, _) where entries.count == 1 && ["list", "segment"].contains(entries[0].key):
            let kind = entries[0].key
            guard let scalar = keys.reading.scalar(entries[0].value, path: "audience.\(kind)") else { return nil }
            keys.reading.note("audience.\(kind)", at: scalar.place)
            guard !scalar.text.isEmpty else {
                keys.problem("audience", "the \(kind) has no name; allowed: \(allowed)")
                return nil
            }
            return kind == "list" ? .list(scalar.text) : .segment(scalar.text)
        case .null, nil: keys.problem("audience", "is missing; allowed: \(allowed)")
        default: keys.problem("audience", "is something else; allowed: \(allowed)")
        }
        return nil
    }

    private static func budget(_ keys: KeyReader) -> Budget? {
        guard keys.has("budget") else { return nil }
        let set = KeySet(known: ["max_messages", "max_cost"])
        let budget = KeyReader(keys.node("budget"), path: "budget", reading: keys.reading, keys: set)
        guard budget.has("max_messages") || budget.has("max_cost") else {
            keys.problem("budget", "is empty; allowed: max_messages, max_cost, or both")
            return nil
        }
        let messages = budget.integer("max_messages", default: 1, in: 1...Limit.quantityMax)
        let cost = budget.decimal("max_cost", default: 0, in: 0...Money.amountMax)
        return Budget(
            messagesMax: budget.has("max_messages") ? messages : nil,
            costMax: budget.has("max_cost") ? Money(cost) : nil
        )
    }

    private static func headers(_ keys: KeyReader) -> [Header] {
        guard let node = keys.node("headers") else { return [] }
        guard case .map(let entries, _) = node, entries.count <= Self.headersMax else {
            keys.problem("headers", "allowed: at most \(Self.headersMax) pairs of a name and a text")
            return []
        }
        return entries.compactMap { entry in
            let path = "headers.\(entry.key)"
            guard HeaderName.isAllowed(entry.key) else {
                keys.reading.problem(path, at: entry.keyPlace, HeaderName.explanation)
                return nil
            }
            guard let scalar = keys.reading.scalar(entry.value, path: path) else { return nil }
            keys.reading.note(path, at: scalar.place)
            guard !scalar.text.contains(where: \.isNewline) else {
                keys.reading.problem(path, at: scalar.place, "has more than one line; allowed: one")
                return nil
            }
            return Header(name: entry.key, value: TemplateText(scalar, in: keys.reading))
        }
    }
}

/// Whether a scalar may stand in a name or an address: no control characters, no line breaks.
private func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: false
    default: true
    }
}

/// Header fields that a campaign may add.
private enum HeaderName {
    static let explanation =
        "is not allowed; allowed: a header of your own such as X-Campaign or List-Unsubscribe, in ASCII letters, digits "
        + "and \"-\"; addresses, subject, dates, ids and content headers are written by Postrider"

    private static let nameBytesMax = 60
    /// What the composer writes, or what would change who gets the message.
    private static let reserved: Set<String> = [
        "from", "to", "cc", "bcc", "sender", "reply-to", "subject", "date", "message-id", "mime-version", "return-path",
        "received", "dkim-signature", "resent-to", "resent-cc", "resent-bcc", "resent-from", "resent-date",
    ]

    static func isAllowed(_ name: String) -> Bool {
        let lowered = name.lowercased()
        let isToken = name.utf8.allSatisfy {
            switch $0 {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"): true
            default: false
            }
        }
        return isToken && (1...Self.nameBytesMax).contains(name.utf8.count) && !Self.reserved.contains(lowered)
            && !lowered.hasPrefix("content-")
    }
}

extension MissingFieldRule {
    fileprivate static let fieldsMax = 200
    private static let allowed = "reject, blank, or a group such as {first_name: friend}"

    fileprivate init(_ keys: KeyReader) {
        self = .reject
        switch keys.node("missing_field") {
        case nil, .null: return
        case .scalar(let scalar):
            switch scalar.text {
            case "reject": return
            case "blank": self = .blank
            default: keys.problem("missing_field", "\(quoted(scalar.text)) is not allowed; allowed: \(Self.allowed)")
            }
        case .map(let entries, _) where entries.count <= Self.fieldsMax:
            var defaults: [String: String] = [:]
            for entry in entries {
                guard let text = Self.text(of: entry, keys.reading) else { continue }
                defaults[entry.key] = text
            }
            self = .defaults(defaults)
        default:
            keys.problem("missing_field", "allowed: \(Self.allowed), at most \(Self.fieldsMax) fields")
        }
    }

    private static func text(of entry: FileNode.Entry, _ reading: FileReading) -> String? {
        let path = "missing_field.\(entry.key)"
        guard FieldName.isValid(entry.key) else {
            let message = "is no field name; allowed: lower snake case, as in first_name"
            reading.problem(path, at: entry.keyPlace, message)
            return nil
        }
        reading.note(path, at: entry.value.place)
        guard case .scalar(let scalar) = entry.value else {
            reading.problem(path, at: entry.value.place, "is \(entry.value.kind); allowed: a text, or \"\" for nothing")
            return nil
        }
        guard scalar.text != "reject", scalar.text != "blank" else {
            let message =
                "\(quoted(scalar.text)) would be the text; write \"\" for nothing, or leave the field out to reject"
            reading.problem(path, at: scalar.place, message)
            return nil
        }
        return scalar.text
    }
}

/// The form of ``Field/name``.
private enum FieldName {
    static func isValid(_ text: String) -> Bool {
        guard (1...Field.nameLengthMax).contains(text.utf8.count), let first = text.utf8.first else { return false }
        return (0x61...0x7A).contains(first)
            && text.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_")
            }
    }
}
