import Domain
import Mail
import Mustache
import Signing

/// Postrider's renderer as the worker uses it.
final class OwnRenderer {
    private let text: BoundTemplate
    private let html: BoundTemplate
    private let composer: MessageComposer
    private let people: People
    private let addresses: FieldColumn
    private var output = MessageBytes(capacity: 16_384)
    private var message: [UInt8] = []
    private let returnPaths = ReturnPathWriter(
        campaign: Campaign.ID(7),
        key: Array(repeating: 9, count: 32),
        local: "bounces",
        domain: "campaign.example"
    )

    init(_ question: Question, _ people: People) throws {
        self.people = people
        self.text = try BoundTemplate(Template(question.text, escaping: .none), fields: people.fields)
        self.html = try BoundTemplate(Template(question.html, escaping: .html), fields: people.fields)
        self.addresses = FieldColumn(people.dictionaries.map { $0["email"] ?? "" })
        let sender = EmailAddress(checkedLocal: "ann", checkedDomain: "campaign.example")
        self.composer = try MessageComposer(
            MessageContent(
                from: Mailbox(name: "Ann Lee", address: sender),
                variants: [.init(name: "one", subject: "Hi {{first_name}}", text: question.text, html: question.html)],
                fields: people.fields,
                messageIDKey: Array(repeating: 7, count: 32),
                messageIDDomain: "campaign.example"
            )
        )
    }

    func bytes(of person: Int) throws -> Int {
        self.output.removeAll()
        let row = FieldRow(columns: self.people.columns, index: person)
        try self.text.render(row, into: &self.output)
        try self.html.render(row, into: &self.output)
        return self.output.count
    }

    func composedBytes(of person: Int) throws -> Int {
        self.message.removeAll(keepingCapacity: true)
        try self.composer.compose(
            into: &self.message,
            lane: 1,
            position: person,
            variant: 0,
            recipient: self.addresses[person],
            row: FieldRow(columns: self.people.columns, index: person),
            date: Timestamp(milliseconds: 1_795_341_045_006)
        )
        return self.message.count
    }

    func bytesWithReturnPath(of person: Int) throws -> Int {
        let path = self.returnPaths.address(lane: 1, position: UInt32(person))
        return try self.composedBytes(of: person) + path.utf8.count
    }

    func texts(of person: Int) throws -> [String] {
        let row = FieldRow(columns: self.people.columns, index: person)
        return [try self.text.text(row), try self.html.text(row)]
    }
}

/// swift-mustache with what it is fastest with: a dictionary of texts, templates compiled once.
struct MustacheRenderer {
    private let text: MustacheTemplate
    private let html: MustacheTemplate
    private let people: People

    init(_ question: Question, _ people: People) throws {
        self.people = people
        self.text = try MustacheTemplate(string: "{{% CONTENT_TYPE:TEXT}}" + question.text)
        self.html = try MustacheTemplate(string: question.html)
    }

    func bytes(of person: Int) -> Int {
        let values = self.people.dictionaries[person]
        return self.text.render(values).utf8.count + self.html.render(values).utf8.count
    }

    func texts(of person: Int) -> [String] {
        let values = self.people.dictionaries[person]
        return [self.text.render(values), self.html.render(values)]
    }
}
