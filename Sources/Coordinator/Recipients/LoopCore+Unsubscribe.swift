import Domain
import Intake
import Storage
import UserFiles

/// What came of somebody's wish to get no more.
struct UnsubscribeAnswer: Hashable, Sendable {
    let page: UnsubscribePage
    let choice: UnsubscribeChoice
    /// It was not known before.
    let isNew: Bool
}

extension LoopCore {
    /// Does what the holder of a link asked for: suppresses the address, or takes it out of the campaign's list, and notes the event once.
    ///
    /// - Parameters:
    ///   - target: As the link's token names it.
    ///   - choice: A campaign that was for no list can only be left with everything.
    ///   - source: `one_click` or `page`.
    /// - Returns: The same however often it is asked for.
    /// - Throws: ``OperationError/notFound(_:)`` when there is no such target any more.
    func unsubscribe(
        _ target: TargetKey,
        _ choice: UnsubscribeChoice,
        source: String
    ) throws -> UnsubscribeAnswer {
        guard let page = try RecipientQueries.page(for: target, on: self.connection),
            let record = try self.stores.targets.target(target)
        else { throw OperationError.notFound("there is no such message") }
        let choice = page.list == nil ? .everything : choice
        let place = "\(target.campaign.publicID)/\(target.lane)/\(target.position)"
        var event = EventRecord(
            kind: .unsubscribed,
            at: self.wall,
            target: target,
            contact: record.contact,
            source: source,
            once: "unsubscribed:\(place)"
        )
        if case .list = choice, let list = page.list {
            event.reason = list
            event.once += ":\(list)"
        }
        let isNew = try EventStore(self.connection).append(event)
        // Only who has the message has its link.
        if isNew { try self.clearDoubt(about: target, .unsubscribed) }
        // Also where the message went, when the person has another address now or the contact is gone. Whoever was erased meanwhile
        // is suppressed already.
        for address in try self.suppressions.addresses(of: record.contact) {
            if case .list = choice, let list = page.list {
                try self.leave(list: list, address)
            } else {
                try self.suppress(address, reason: .unsubscribed, evidence: "\(source) \(place)", by: "recipient")
            }
        }
        return UnsubscribeAnswer(page: page, choice: choice, isNew: isNew)
    }
}

/// What is read for the holder of a link.
enum RecipientQueries {
    /// What the page says; `nil` when there is no such target.
    static func page(for target: TargetKey, on connection: any SQLConnection) throws(StoreError) -> UnsubscribePage? {
        guard try TargetStore(connection).target(target) != nil,
            let record = try CampaignStore(connection).campaign(target.campaign)
        else { return nil }
        let file: UserFiles.CampaignFile
        do throws(FileProblems) {
            let files = (try? CampaignPlan.decode(files: record.files, of: record.file)) ?? [:]
            file = try UserFiles.CampaignFile.parse(record.content, fileName: record.file, files: files)
        } catch {
            // One of an older version that cannot be read any more: people can leave all the same.
            return UnsubscribePage(language: .english, sender: "", list: nil)
        }
        var list: String?
        if case .list(let name) = file.audience { list = name }
        return UnsubscribePage(language: file.language, sender: Self.sender(file.from), list: list)
    }

    /// The name of a mailbox, or its address when it has none.
    private static func sender(_ from: String) -> String {
        guard case .success(let mailbox) = MailboxParser.parse(from) else { return from }
        return mailbox.name.isEmpty ? mailbox.address.text : mailbox.name
    }
}
