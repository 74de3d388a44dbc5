package import Crypto
import Foundation

/// Who may tell us what became of messages, and how that is checked: one door for each configured webhook.
///
/// Nothing of a request is read before its signature holds, and nothing is believed whose signature does not. Belongs to one place
/// that takes one request after the other.
package struct WebhookDoor: Sendable {
    /// A provider with its secret.
    package enum Provider: Sendable {
        /// The verification key of its event webhook, as its settings show it: base64 of a P-256 public key.
        case sendgrid(P256.Signing.PublicKey)
        /// The HTTP webhook signing key.
        case mailgun([UInt8])
        /// User and password that its settings put into the address.
        case postmark(user: String, password: String)
        /// Amazon SES over SNS.
        case ses(SNSTrust)
        /// The account's auth token, and the addresses that it may have signed: ``TwilioAddress``.
        case twilio(token: [UInt8], addresses: [String])

        /// Its word in the configuration and in events.
        package var name: String {
            switch self {
            case .sendgrid: "sendgrid"
            case .mailgun: "mailgun"
            case .postmark: "postmark"
            case .ses: "ses"
            case .twilio: "twilio"
            }
        }
    }

    package let provider: Provider
    /// Mailgun's tokens that were shown, as hashes, with when: its signature covers nothing else, so what comes under one that is forgotten
    /// could be anything.
    private var shown: [SIMD2<UInt64>: Int64] = [:]
    /// When old ones among them were last looked for.
    private var prunedAt: Int64 = 0

    /// How old a signed time of SendGrid's may be.
    ///
    /// It tries again for 24 hours after the event, and an hour is for clocks. A copy of an event is known by its id, for ever.
    package static let sendgridAgeSeconds: Int64 = 25 * 3_600
    /// How old a signed time of Mailgun's may be.
    ///
    /// It tries again for eight hours, and an hour is for clocks. Longer would be more tokens to remember.
    package static let mailgunAgeSeconds: Int64 = 9 * 3_600
    /// How far a signed time may be ahead of ours: clocks differ.
    package static let aheadSeconds: Int64 = 3_600
    /// Tokens remembered, 50 MB of them: three for each message of a campaign to half a million; of more in nine hours, 46 a second, new
    /// ones have to wait.
    private static let shownMax = 1_500_000
    private let shownMax: Int

    /// - Parameters:
    ///   - provider: Whose requests come here.
    ///   - shownMax: Tokens remembered; a test takes fewer.
    package init(_ provider: Provider, shownMax: Int? = nil) {
        self.provider = provider
        self.shownMax = shownMax ?? Self.shownMax
    }

    /// Believes a request, or does not.
    ///
    /// - Parameters:
    ///   - request: At most ``WebhookRequest/bodyBytesMax`` of body.
    ///   - seconds: Now, since 1970.
    /// - Returns: What it tells; empty when that is nothing we keep.
    /// - Throws: ``WebhookRefusal``.
    package mutating func open(_ request: WebhookRequest, at seconds: Int64) throws(WebhookRefusal) -> WebhookNews {
        switch self.provider {
        case .sendgrid(let key):
            try Self.check(request, key, at: seconds)
            return .events(try SendGridEvents.read(request.body))
        case .mailgun(let key):
            let read = try MailgunEvent.read(request.body)
            try self.check(read.signature, key, at: seconds)
            return .events(read.event.map { [$0] } ?? [])
        case .postmark(let user, let password):
            try Self.check(request, user: user, password: password)
            return .events(try PostmarkEvent.read(request.body).map { [$0] } ?? [])
        case .ses(let trust):
            let message = try SNSMessage.read(request.body)
            try trust.check(message, at: seconds)
            switch message.kind {
            case .notification: return .events(try SESEvent.read(message.message))
            case .farewell: return .events([])
            case .confirmation:
                guard let address = message.subscribeURL, SNSMessage.isAmazons(address) else { throw .forged }
                return .confirm(address)
            }
        case .twilio(let token, let addresses):
            return .events(TwilioMessage.read(try Self.form(request, token, addresses)))
        }
    }

    /// Twilio signs the address that it was given, and the form after it; never a time, so what came before is known by its message.
    private static func form(
        _ request: WebhookRequest,
        _ token: [UInt8],
        _ addresses: [String]
    ) throws(WebhookRefusal) -> FormBody {
        guard let shown = request.headers["x-twilio-signature"] else { throw .unsigned }
        let kind = request.headers["content-type"]?.lowercased() ?? ""
        guard kind.hasPrefix("application/x-www-form-urlencoded") else { throw .noForm }
        // Nothing is looked for in the form before the signature over all of it holds.
        let form = try FormBody(request.body)
        let (key, joined) = (SymmetricKey(data: token), form.joined)
        let isSigned = addresses.contains { address in
            let code = HMAC<Insecure.SHA1>.authenticationCode(for: Array(address.utf8) + joined, using: key)
            return Self.isSame(Data(code).base64EncodedString(), shown)
        }
        guard isSigned else { throw .forged }
        return form
    }

    /// SendGrid signs time and body with ECDSA.
    private static func check(
        _ request: WebhookRequest,
        _ key: P256.Signing.PublicKey,
        at seconds: Int64
    ) throws(WebhookRefusal) {
        guard let text = request.headers["x-twilio-email-event-webhook-signature"],
            let time = request.headers["x-twilio-email-event-webhook-timestamp"]
        else { throw .unsigned }
        guard let bytes = Data(base64Encoded: text),
            let signature = try? P256.Signing.ECDSASignature(derRepresentation: bytes),
            key.isValidSignature(signature, for: SHA256.hash(data: Array(time.utf8) + request.body))
        else { throw .forged }
        guard let signed = Int64(time), Self.isNear(signed, seconds, age: Self.sendgridAgeSeconds) else { throw .stale }
    }

    /// Mailgun signs time and a token that it uses once.
    private mutating func check(
        _ signature: MailgunEvent.Signature,
        _ key: [UInt8],
        at seconds: Int64
    ) throws(WebhookRefusal) {
        let expected = HMAC<SHA256>.authenticationCode(
            for: Array("\(signature.timestamp)\(signature.token)".utf8),
            using: SymmetricKey(data: key)
        )
        let text = expected.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        guard Self.isSame(text, signature.signature.lowercased()) else { throw .forged }
        guard let signed = Int64(signature.timestamp), Self.isNear(signed, seconds, age: Self.mailgunAgeSeconds) else {
            throw .stale
        }
        let token = Self.hash(signature.token)
        guard self.shown[token] == nil else { throw .repeated }
        if self.shown.count >= self.shownMax, self.prunedAt != seconds {
            // Looking through all of them takes milliseconds: once a second is enough.
            self.prunedAt = seconds
            self.shown = self.shown.filter { Self.isNear($0.value, seconds, age: Self.mailgunAgeSeconds) }
        }
        guard self.shown.count < self.shownMax else { throw .full }
        self.shown[token] = signed
    }

    /// Lets a token be shown again: what it came with could not be stored, and its provider will repeat it.
    package mutating func forget(_ request: WebhookRequest) {
        guard case .mailgun = self.provider, let read = try? MailgunEvent.read(request.body) else { return }
        self.shown[Self.hash(read.signature.token)] = nil
    }

    /// Postmark signs nothing; it shows the password that stands in the address it was given.
    private static func check(
        _ request: WebhookRequest,
        user: String,
        password: String
    ) throws(WebhookRefusal) {
        guard let shown = request.headers["authorization"] else { throw .unsigned }
        // The scheme's name is the same in any case (RFC 9110 section 11.1).
        let parts = shown.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "basic",
            Self.isSame(Data("\(user):\(password)".utf8).base64EncodedString(), String(parts[1]))
        else { throw .forged }
    }

    /// Compares in a time that tells nothing: both are hashed first.
    private static func isSame(_ first: String, _ second: String) -> Bool {
        SHA256.hash(data: Array(first.utf8)) == SHA256.hash(data: Array(second.utf8))
    }

    private static func hash(_ token: String) -> SIMD2<UInt64> {
        SHA256.hash(data: Array(token.utf8)).withUnsafeBytes { bytes in
            SIMD2(bytes.loadUnaligned(as: UInt64.self), bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
    }

    private static func isNear(_ signed: Int64, _ now: Int64, age: Int64) -> Bool {
        let (difference, isOver) = signed.subtractingReportingOverflow(now)
        return !isOver && (-age...Self.aheadSeconds).contains(difference)
    }
}
