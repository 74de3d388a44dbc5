import Domain
import Engine
import Mail
import NIOCore
import Signing
import Wire

/// One campaign as this worker sends it: compiled once for each revision.
///
/// Belongs to the event loop.
final class CampaignContent {
    let campaign: Campaign.ID
    let revision: UInt32
    /// Envelope sender where messages have no return paths of their own.
    private let sender: String
    private let returnPaths: ReturnPathWriter?
    let variantCount: Int
    let fieldCount: Int
    let tally: CampaignTally
    private let composer: MessageComposer
    /// `nil` when the relay signs.
    private let signer: MessageSigner?
    /// The signatures of the message that is made.
    private var signatures: [UInt8] = []

    /// - Parameters:
    ///   - content: As it came.
    ///   - campaign: The number in it.
    ///   - tally: Counts go on over revisions.
    /// - Throws: ``InvalidContent`` with all that is wrong.
    init(_ content: WireContent, campaign: Campaign.ID, tally: CampaignTally) throws(InvalidContent) {
        let fields = try content.fields.map { column throws(InvalidContent) in
            guard let type = FieldType(rawValue: column.type) else {
                let allowed = FieldType.allCases.map(\.rawValue).joined(separator: ", ")
                let message = "field \(column.name) has type \"\(column.type)\"; allowed: \(allowed)"
                throw InvalidContent([Diagnostic(.error, message)])
            }
            return Field(name: column.name, type: type)
        }
        guard let from = Self.address(content.fromAddress) else {
            throw InvalidContent([Diagnostic(.error, "from_address \"\(content.fromAddress)\" is no address")])
        }
        self.composer = try MessageComposer(
            MessageContent(
                from: Mailbox(name: content.fromName, address: from),
                replyTo: content.replyTo,
                headers: content.headers.map { .init(name: $0.name, value: $0.value) },
                variants: content.variants.map {
                    .init(name: $0.name, subject: $0.subject, text: $0.text, html: $0.html)
                },
                partials: Dictionary(content.partials.map { ($0.name, $0.text) }) { first, _ in first },
                fields: fields,
                messageIDKey: Array(content.messageIDKey),
                messageIDDomain: content.messageIDDomain
            )
        )
        self.signer = content.signing.isEmpty ? nil : MessageSigner(try content.signing.map(Self.key))
        self.campaign = campaign
        self.revision = content.revision
        self.sender = from.text
        self.returnPaths =
            content.hasReturnPath
            ? ReturnPathWriter(
                campaign: campaign,
                key: Array(content.returnPath.key),
                local: content.returnPath.local,
                domain: content.returnPath.domain
            ) : nil
        self.variantCount = content.variants.count
        self.fieldCount = fields.count
        self.tally = tally
    }

    /// One target's envelope sender: the same on every attempt.
    func sender(of index: Int, in shard: HeldShard) -> String {
        guard let returnPaths else { return self.sender }
        return returnPaths.address(lane: UInt32(shard.grant.lane), position: shard.grant.positions[index])
    }

    /// One target's message, signed and dot-stuffed, without the final dot.
    func message(of index: Int, in shard: HeldShard, at now: Timestamp) throws(RenderError) -> ByteBuffer {
        let message: ByteBuffer? = try self.composer.withMessage(
            lane: shard.grant.lane,
            position: Int(shard.grant.positions[index]),
            variant: Int(shard.grant.variants[index]),
            recipient: shard.grant.addresses[index],
            row: FieldRow(columns: shard.columns, index: index),
            date: now
        ) { bytes in
            self.signatures.removeAll(keepingCapacity: true)
            if let signer = self.signer {
                let seconds = now.milliseconds / 1_000
                guard signer.sign(bytes, seconds: seconds, into: &self.signatures) else { return nil }
            }
            var buffer = ByteBufferAllocator().buffer(capacity: self.signatures.count + bytes.count)
            buffer.writeBytes(self.signatures)
            buffer.writeBytes(bytes)
            return buffer
        }
        guard let message else { throw .unsigned }
        return message
    }

    private static func key(_ wire: WireSigningKey) throws(InvalidContent) -> SigningKey {
        do throws(SigningKey.Unusable) {
            return try SigningKey(pem: wire.key, domain: wire.domain, selector: wire.selector)
        } catch {
            let name = "\(wire.selector)._domainkey.\(wire.domain)"
            throw InvalidContent([Diagnostic(.error, "the signing key of \(name) \(error.message)")])
        }
    }

    private static func address(_ text: String) -> EmailAddress? {
        guard let at = text.lastIndex(of: "@"), at != text.startIndex else { return nil }
        let domain = text[text.index(after: at)...]
        guard !domain.isEmpty else { return nil }
        return EmailAddress(checkedLocal: String(text[..<at]), checkedDomain: String(domain))
    }
}

/// A shard while its lease lives.
///
/// A class, so that looking at it for each message counts one reference and not each of its columns.
final class HeldShard {
    let grant: ReceivedGrant
    let content: CampaignContent
    let relay: Int
    /// The grant's fields as templates read them.
    let columns: [FieldColumn]

    /// - Returns: `nil` when the columns do not fit the content; ``ReceivedGrant`` checked all but that.
    init?(_ grant: ReceivedGrant, content: CampaignContent, relay: Int) {
        var columns: [FieldColumn] = []
        columns.reserveCapacity(grant.fields.count)
        for column in grant.fields {
            let ends = (0..<column.count).map { UInt32(column.range(of: $0).upperBound) }
            guard let made = FieldColumn(text: column.bytes, end: ends) else { return nil }
            columns.append(made)
        }
        self.grant = grant
        self.content = content
        self.relay = relay
        self.columns = columns
    }
}

/// What a campaign did since the last `throughput` line, and what it holds now.
///
/// Belongs to the event loop.
final class CampaignTally {
    let campaign: Campaign.ID
    var name: String
    var accepted = 0
    var deferred = 0
    var bounced = 0
    /// Targets held, and those of them that are with a connection.
    var leased = 0
    var inFlight = 0

    init(campaign: Campaign.ID, name: String) {
        self.campaign = campaign
        self.name = name
    }

    var isQuiet: Bool { self.accepted + self.deferred + self.bounced + self.leased == 0 }

    func count(_ fate: Fate) {
        switch fate {
        case .accepted: self.accepted += 1
        case .deferred: self.deferred += 1
        case .bounced: self.bounced += 1
        case .inDoubt, .failed, .returned: break
        }
    }
}
