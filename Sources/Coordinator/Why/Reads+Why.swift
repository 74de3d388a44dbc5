import Domain
import Intake
import Storage

/// Why a person did or did not get a message.
extension Reads {
    /// Campaigns of one answer.
    static let whyCampaigns = 50

    /// Goes through campaigns, newest first, and says of each what became of a person and why.
    ///
    /// - Throws: ``OperationError/notFound(_:)`` for a person or campaign that nobody knows, ``OperationError/invalid(_:)`` for what is
    ///   no address.
    func why(_ question: WhyQuestion) async throws -> WhyAnswer {
        let person = try await self.person(PersonName(question.address))
        let (records, hasMore) = try await self.campaigns(question)
        let names = try await self.names()
        var campaigns: [WhyAnswer.Campaign] = []
        for record in records { campaigns.append(try await self.why(person, record, names)) }
        let events = try await self.readers.read { connection throws(StoreError) in
            try PersonQueries(connection).events(of: person.contact)
        }
        return WhyAnswer(
            address: person.address,
            contact: person.contact.rawValue,
            campaigns: campaigns,
            suppressions: try await self.suppressions(of: person.contact),
            events: events.map { WhyEvent($0) },
            nextCursor: hasMore ? records.last?.id.publicID : nil
        )
    }

    /// Who is asked about: telephone numbers as far as the index of them goes.
    private func person(_ name: PersonName) async throws -> PersonQueries.Person {
        let found = try await self.contacts(name)
        guard found.count <= 1 else {
            let numbers = found.map(String.init).joined(separator: ", ")
            let state = try await self.state(of: name)
            throw OperationError.conflict(
                "\(found.count) contacts have this number (\(numbers)): name the person by the e-mail address; \(state)"
            )
        }
        let person = try await self.readers.read { connection throws(StoreError) in
            try found.first.flatMap { contact throws(StoreError) in
                try PersonQueries(connection).person(Contact.ID(contact))
            }
        }
        guard let person else {
            throw OperationError.notFound("nobody with this \(name.noun) is known; \(try await self.state(of: name))")
        }
        return person
    }

    /// Whether an address may be written to, as half a sentence.
    private func state(of name: PersonName) async throws -> String {
        let found: SuppressionRecord?
        switch name {
        case .email(let key, _): found = try await self.suppression(of: key)
        case .phone(let key): found = try await self.suppression(of: String(decoding: key, as: UTF8.self), on: .sms)
        }
        guard let found else { return "it is not suppressed" }
        let channel = found.channel == .email ? "" : " for \(found.channel.rawValue)"
        return "the \(name.noun) is suppressed\(channel) since \(found.at.rfc3339): \(found.reason.rawValue)"
    }

    private func suppressions(of contact: Contact.ID) async throws -> [SuppressionRow] {
        guard let key = self.rules.addressKey else { return [] }
        return try await self.readers.read { connection throws(StoreError) in
            try Self.suppressions(try ContactErasure(connection).traces(of: contact), key: key, on: connection)
        }
    }

    /// Why an address must not be written to, whether a contact has it or not; `nil` when it may be.
    func suppression(of key: String, on channel: SuppressionChannel = .email) async throws -> SuppressionRecord? {
        guard let addressKey = self.rules.addressKey else { return nil }
        return try await self.readers.read { connection throws(StoreError) in
            try SuppressionStore(connection, key: addressKey).record(of: key, on: channel)
        }
    }

    private func campaigns(_ question: WhyQuestion) async throws -> ([CampaignRecord], hasMore: Bool) {
        if let text = question.campaign {
            guard let id = Campaign.ID(publicID: text),
                let record = try await self.readers.read({ connection throws(StoreError) in
                    try CampaignStore(connection).campaign(id)
                })
            else { throw OperationError.notFound("there is no campaign '\(text.prefix(40))'") }
            return ([record], false)
        }
        let before = question.cursor.flatMap { Campaign.ID(publicID: $0) }
        guard question.cursor == nil || before != nil else { throw RequestInput.strangeCursor }
        let found = try await self.readers.read { connection throws(StoreError) in
            try CampaignStore(connection).page(before: before, count: Self.whyCampaigns + 1)
        }
        return (Array(found.prefix(Self.whyCampaigns)), found.count > Self.whyCampaigns)
    }

    private func why(
        _ person: PersonQueries.Person,
        _ record: CampaignRecord,
        _ names: ExpressionNames
    ) async throws -> WhyAnswer.Campaign {
        let rules = self.rules
        let plan = try? CampaignPlan(record, names: names, caps: rules.caps)
        return try await self.readers.read { connection throws(StoreError) in
            let queries = PersonQueries(connection)
            let place = try queries.place(of: person.contact, in: record.id)
            let whyCase = WhyCase(
                person: person,
                record: record,
                plan: plan,
                names: names,
                place: place,
                rules: rules,
                now: rules.now()
            )
            var steps: [WhyStep] = []
            for piece in WhyPiece.allCases {
                if let step = try piece.look(at: whyCase, queries) { steps.append(step) }
            }
            var attempts: [WhyAttempt] = []
            var events: [WhyEvent] = []
            if let place {
                attempts = try queries.attempts(place).map { WhyAttempt($0) }
                events = try queries.events(place).map { WhyEvent($0) }
            }
            let verdict = WhyWords.verdict(whyCase, steps)
            return WhyAnswer.Campaign(
                id: record.id.publicID,
                name: record.name,
                state: record.state,
                verdict: verdict.word,
                text: verdict.text,
                steps: steps,
                attempts: attempts,
                events: events
            )
        }
    }
}

extension WhyAttempt {
    init(_ attempt: PersonQueries.Attempt) {
        self.init(
            at: attempt.at,
            outcome: attempt.outcome.name,
            reason: attempt.reason.flatMap { $0.isEmpty ? nil : $0 },
            worker: attempt.worker.isEmpty ? nil : attempt.worker,
            reply: attempt.reply.flatMap { reply in
                reply.code == 0 && reply.text.isEmpty
                    ? nil : Reply(code: reply.code, status: reply.status, text: reply.text)
            }
        )
    }
}

extension WhyEvent {
    fileprivate init(_ event: PersonQueries.Event) {
        self.init(
            at: event.at,
            kind: event.kind,
            source: event.source,
            reason: event.reason.isEmpty ? nil : event.reason,
            detail: event.detail.isEmpty ? nil : event.detail
        )
    }
}
