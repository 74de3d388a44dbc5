import ArgumentParser
import Bounces
import Foundation

/// Runs `postrider bounces`.
struct BouncesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bounces",
        abstract: "Mails that came back.",
        subcommands: [Classify.self]
    )

    /// Runs `postrider bounces classify`.
    struct Classify: PostriderLeaf {
        static let configuration = CommandConfiguration(
            commandName: "classify",
            abstract: "What returned mails are taken for: one line of JSON for each file.",
            discussion: HelpText.with(
                "kind is bounce, complaint, auto_reply or none. Needs no coordinator and no configuration.",
                examples: "postrider bounces classify returned/*.eml"
            )
        )

        @Argument(help: "Mails as files, with their headers.", completion: .file())
        var files: [String]

        @OptionGroup var global: GlobalOptions

        func run(in surroundings: Surroundings) async throws {
            var unread: [String] = []
            for file in self.files {
                do throws(Failure) {
                    try surroundings.show(ClassifiedMail(file: file, mail: ReturnedMail(try Self.bytes(of: file))))
                } catch {
                    unread.append(error.message)
                }
            }
            guard unread.isEmpty else { throw Failure(.badInput, unread.joined(separator: "; ")) }
        }

        /// The beginning of a file, where a returned mail says what it is.
        private static func bytes(of file: String) throws(Failure) -> [UInt8] {
            do {
                let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: file))
                defer { try? handle.close() }
                return Array(try handle.read(upToCount: ReturnedMail.bytesMax) ?? Data())
            } catch {
                throw Failure(.badInput, "cannot read \(file): \(Self.reason(error))")
            }
        }

        /// The system's own word for it, as other commands say it.
        private static func reason(_ error: any Error) -> String {
            let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
            guard let cause, cause.domain == NSPOSIXErrorDomain else { return error.localizedDescription }
            return String(cString: strerror(Int32(cause.code)))
        }
    }
}

/// What `bounces classify` prints for a file.
struct ClassifiedMail: Encodable {
    struct Recipient: Encodable {
        let address: String
        /// `nil` when the mail has no enhanced status.
        let status: String?
        let permanent: Bool
        let reason: String

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(self.address, forKey: .address)
            // Keys are always there, so that scripts need not ask.
            try container.encode(self.status, forKey: .status)
            try container.encode(self.permanent, forKey: .permanent)
            try container.encode(self.reason, forKey: .reason)
        }

        private enum CodingKeys: String, CodingKey { case address, status, permanent, reason }
    }

    let file: String
    let kind: String
    let feedbackType: String?
    let recipients: [Recipient]

    init(file: String, mail: ReturnedMail) {
        self.file = file
        self.kind = mail.kind.rawValue
        self.feedbackType = mail.feedbackType
        self.recipients = mail.recipients.map {
            Recipient(
                address: $0.address,
                status: $0.status.isEmpty ? nil : $0.status,
                permanent: $0.isPermanent,
                reason: $0.reason.rawValue
            )
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.file, forKey: .file)
        try container.encode(self.kind, forKey: .kind)
        try container.encode(self.feedbackType, forKey: .feedbackType)
        try container.encode(self.recipients, forKey: .recipients)
    }

    private enum CodingKeys: String, CodingKey {
        case file, kind, recipients
        case feedbackType = "feedback_type"
    }
}
