package import Domain

/// What all messages of a campaign have in common.
package struct MessageContent: Hashable, Sendable {
    /// A header of the campaign's own; the value is a template.
    package struct Header: Hashable, Sendable {
        package var name: String
        package var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// One arm of a campaign: three templates, of which `text` or `html` may be empty for "no such part".
    package struct Variant: Hashable, Sendable {
        package var name: String
        package var subject: String
        package var text: String
        package var html: String

        package init(name: String, subject: String, text: String, html: String) {
            self.name = name
            self.subject = subject
            self.text = text
            self.html = html
        }
    }

    package var from: Mailbox
    /// As in a header: `Ann Lee <ann@campaign.example>` or a bare address; empty when there is none.
    package var replyTo: String
    package var headers: [Header]
    package var variants: [Variant]
    /// What `{{>name}}` in any of the templates stands for, by name.
    package var partials: [String: String]
    /// The columns of every ``FieldRow``, in their order.
    package var fields: [Field]
    package var messageIDKey: [UInt8]
    package var messageIDDomain: String

    package init(
        from: Mailbox,
        replyTo: String = "",
        headers: [Header] = [],
        variants: [Variant],
        partials: [String: String] = [:],
        fields: [Field],
        messageIDKey: [UInt8],
        messageIDDomain: String
    ) {
        self.from = from
        self.replyTo = replyTo
        self.headers = headers
        self.variants = variants
        self.partials = partials
        self.fields = fields
        self.messageIDKey = messageIDKey
        self.messageIDDomain = messageIDDomain
    }
}
