import Domain
import NIOCore
import Storage

/// Everything that a request can ask of the coordinator: one method per request of docs/api.md, and no word of HTTP.
///
/// Methods throw ``OperationError``; any other error is answered as a fault of ours, without its text. Whether the caller's
/// role is high enough was checked before the call; rules about *which* caller may (the submitter does not approve) belong to
/// the implementation.
protocol Operations: Sendable {
    /// Whether the loop turns and the self-test passed. Must answer at once, also while the loop is busy.
    func readiness() async -> Readiness

    /// Imports a file of contacts as it arrives.
    ///
    /// - Parameters:
    ///   - request: What is known about the file.
    ///   - body: The file's bytes in pieces of any size. The sender waits while no piece is asked for.
    ///   - caller: Who imports.
    /// - Returns: What was done, once the last batch was committed.
    /// - Throws: ``OperationError/invalid(_:)`` when it is no table, has no address column, or nothing was accepted; the
    ///   body's own error when the connection broke.
    func importContacts(
        _ request: ImportRequest,
        body: some AsyncSequence<ByteBuffer, any Error> & Sendable,
        by caller: Caller
    ) async throws -> ImportAnswer

    /// The rejected rows of an import as CSV, in pieces: the header line, then `line,column,reason` and the row's cells.
    ///
    /// The id is what ``ImportAnswer/id`` gave, or whatever a stranger typed.
    func rejects(ofImport id: String) async throws -> Pages<ByteBuffer>

    /// Has nothing more sent to an address, in effect when it answers.
    func suppress(_ request: SuppressRequest, by caller: Caller) async throws -> SuppressionAnswer

    /// Lets an address be written to again, and answers with what was known of it.
    func unsuppress(_ request: UnsuppressRequest, by caller: Caller) async throws -> SuppressionRow

    /// Suppresses every address of a table as it arrives, and answers once all of it is committed.
    func importSuppressions(
        _ request: SuppressionImportRequest,
        body: some AsyncSequence<ByteBuffer, any Error> & Sendable,
        by caller: Caller
    ) async throws -> SuppressionImportAnswer

    /// Everybody who must not be written to.
    func suppressions() async throws -> Pages<SuppressionRow>
    /// Imports, newest first, at most ``ImportListing/countMax``.
    func listImports() async throws -> [ImportListing]

    /// Takes back what an import did, and answers once that is done.
    func undoImport(_ id: String, by caller: Caller) async throws -> UndoneImport

    /// Everything that is known of whoever has this e-mail address or telephone number.
    func contacts(at address: String, by caller: Caller) async throws -> [PersonJSON]

    /// Erases whoever has this e-mail address or telephone number, and answers once no file has them any more.
    func eraseContact(at address: String, by caller: Caller) async throws -> ErasureAnswer

    /// All contacts as CSV, or as one JSON object a line.
    func exportContacts(asCSV: Bool, by caller: Caller) async throws -> Pages<ByteBuffer>

    func countSegment(_ question: SegmentQuestion) async throws -> SegmentCount

    /// All defined segments, by name.
    func segments() async throws -> [SegmentDefinition]

    func segment(named name: String) async throws -> SegmentDefinition

    /// Gives a condition a name, or a name another condition; campaigns that were submitted keep theirs.
    func defineSegment(named name: String, as expression: String, by caller: Caller) async throws -> SegmentDefinition

    /// Says what submitting this file would do, and writes nothing.
    func check(_ file: CampaignFile) async throws -> CampaignCheck

    /// Says what submitting and sending this file would come to: who, at what cost, until when; and writes nothing.
    func planCampaign(_ file: CampaignFile) async throws -> PlanAnswer

    /// Says what single contacts would get, and sends nothing.
    func preview(_ request: PreviewRequest, by caller: Caller) async throws -> PreviewAnswer

    /// Submits a campaign's file, templates and segments once more, as a new campaign.
    func clone(_ id: Campaign.ID, _ change: CloneChange, by caller: Caller) async throws -> Submission

    /// Makes a campaign, or replaces the one with this id, which must not have started; its approval is void then.
    func submit(_ file: CampaignFile, replacing id: Campaign.ID?, by caller: Caller) async throws -> Submission

    /// Campaigns, newest first: at most `count` of those older than one; `nil` begins at the newest.
    func campaigns(before id: Campaign.ID?, count: Int) async throws -> [CampaignStatus]

    func campaign(_ id: Campaign.ID) async throws -> CampaignStatus

    /// A campaign as it was submitted, with what an approval covers.
    func text(of id: Campaign.ID) async throws -> CampaignText

    /// Approves, starts, pauses, resumes or cancels, and answers once that is committed.
    ///
    /// `digest` is that of what an approver looked at; with another one than the campaign's nothing is approved. `nil`: not said.
    func take(
        _ step: CampaignStep,
        on id: Campaign.ID,
        digest: String?,
        by caller: Caller
    ) async throws -> CampaignStatus

    /// Tries targets with one outcome again, and answers once the campaign is running.
    func retry(_ outcome: Outcome, of id: Campaign.ID, by caller: Caller) async throws -> CampaignStatus

    /// Decides about what is in doubt; with ``DoubtDecision/resend`` the campaign is running when it answers.
    func resolve(_ decision: DoubtDecision, of id: Campaign.ID, by caller: Caller) async throws -> CampaignStatus

    /// Counts a campaign's targets by `site`, `variant` or the name of a field; `nil` asks for one row with the key `all`.
    func report(on id: Campaign.ID, by grouping: String?) async throws -> CampaignReport

    /// Who got what: one row per target.
    func targets(of id: Campaign.ID, _ selection: TargetSelection) async throws -> Pages<TargetRow>

    /// What is going on now. Asked once a second by everybody who watches: must cost next to nothing.
    func top() async throws -> TopAnswer

    func workers() async throws -> [WorkerStatus]

    /// Puts a worker's key on the allow-list.
    func addWorker(_ worker: NewWorker, by caller: Caller) async throws -> WorkerStatus

    /// Takes a worker's key off the allow-list and ends its leases.
    func removeWorker(named name: String, by caller: Caller) async throws -> WorkerStatus

    /// Has a worker end what it has begun and hand back the rest, and grants it nothing more; or ends that.
    func drainWorker(named name: String, undo: Bool, by caller: Caller) async throws -> WorkerStatus

    /// Who did what: all rows of the audit above one.
    func audit(above row: Int64) async throws -> Pages<AuditRow>

    /// Whether nothing was changed in the audit since it was written.
    func verifyAudit() async throws -> AuditVerification

    /// Why a person did or did not get each campaign's message.
    func why(_ question: WhyQuestion) async throws -> WhyAnswer

    /// What is known of a request that bore a key; `nil` when nothing is.
    func storedRequest(_ caller: String, key: String) async throws -> StoredRequest?

    /// Forgets a request that was begun and refused.
    func forget(_ request: RequestMark) async throws

    /// Keeps the answer of a request that bore a key.
    func store(_ request: RequestMark, _ answer: StoredRequest.Answer) async throws

    /// All tokens, by name.
    func tokenList() async throws -> [TokenStatus]

    /// Makes a token; its text is said in the answer and never again.
    func addToken(_ token: NewToken, by caller: Caller) async throws -> MadeToken

    /// Makes a token worthless from the next request on.
    func revokeToken(named name: String, by caller: Caller) async throws -> TokenStatus

    /// Whether the data were restored or copied, and what accepting that would put in doubt.
    func restoreStatus() async throws -> RestoreStatus

    /// Sends again on data that were restored: what may have been granted since is in doubt.
    func acceptRestore(by caller: Caller) async throws -> RestoreStatus
}

/// Who asks: a token's name and role.
struct Caller: Hashable, Sendable {
    /// The token file's name without `.token`, as in `operator` or `approver-ann`: who submitted, who approved.
    let name: String
    let role: Role
}

/// Why a request was not done.
///
/// Each case has one HTTP status, given in ``Problem``. Texts are whole sentences for people: what is wrong, where, what is allowed.
enum OperationError: Error, Hashable {
    /// The input is wrong, in these places. Never empty.
    case invalid([Diagnostic])
    /// No row of a file could be used, as the first of these says; the import with this public id has them all.
    case nothingImported([Diagnostic], importID: String)
    /// There is no such campaign, worker or import.
    case notFound(String)
    /// It exists, but not in a state that allows this.
    case conflict(String)
    /// This caller may not, although the role is high enough.
    case notAllowed(String)
    /// Starting, stopping, or the disk is full.
    case unavailable(String)

    /// Nothing was done, or it was taken back: the same request may be tried again as a new one.
    var isRefusal: Bool {
        switch self {
        case .invalid, .nothingImported, .notFound, .conflict, .notAllowed: true
        // An import that was cut off keeps what was committed.
        case .unavailable: false
        }
    }
}

/// What an operator asks of a campaign; the raw value is the last part of the request's path.
enum CampaignStep: String, Hashable, Sendable, CaseIterable {
    case approve
    case start
    case pause
    case resume
    case cancel
    /// Goes on although a guard stopped it.
    case override

    /// The lowest role that may ask for it.
    ///
    /// Who may approve depends on who submitted, too: ``ApprovalRules`` decide.
    var role: Role { self == .override ? .approver : .operator }
}

/// What is done about targets in doubt.
enum DoubtDecision: String, Hashable, Sendable, CaseIterable {
    /// They are sent once more: nobody is left out.
    case resend
    /// They stay as they are: nobody is written to twice.
    case skip

    static let grammar = Self.allCases.map(\.rawValue).joined(separator: " or ")
}

/// Which targets of a campaign are listed.
enum TargetSelection: Hashable, Sendable {
    case all
    /// Neither leased nor settled.
    case pending
    case leased
    case outcome(Outcome)

    /// Reads `pending`, `leased` or the name of an outcome.
    init?(name: some StringProtocol) {
        switch name {
        case "pending": self = .pending
        case "leased": self = .leased
        default:
            guard let outcome = Outcome(name: name) else { return nil }
            self = .outcome(outcome)
        }
    }

    /// What ``init(name:)`` reads, for error messages.
    static let grammar = "pending, leased, " + Outcome.allCases.map(\.name).joined(separator: ", ")
}

/// An answer too long to hold: read page by page, each only once the one before was sent.
struct Pages<Element: Sendable>: Sendable {
    /// Begins at the first page.
    ///
    /// Each call of what it returns reads one page more; `nil` comes after the last.
    let read: @Sendable () -> (() async throws -> [Element]?)

    /// Pages that follow from a cursor.
    ///
    /// - Parameters:
    ///   - start: Where the first page begins.
    ///   - next: Reads one page and moves the cursor behind it; `nil` after the last. What it throws cuts the answer off, so
    ///     that the reader sees that the end is missing.
    init<Cursor: Sendable>(from start: Cursor, next: @escaping @Sendable (inout Cursor) async throws -> [Element]?) {
        self.read = {
            var cursor = start
            return { try await next(&cursor) }
        }
    }
}
