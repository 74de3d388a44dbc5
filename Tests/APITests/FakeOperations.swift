import Domain
import NIOCore
import Storage
import Synchronization

@testable import CoordinatorCore

/// Operations that remember what they were asked and answer what the test says.
final class FakeOperations: Operations {
    struct Memory: Sendable {
        var calls: [String] = []
        var failure: (any Error)?
        var isReady = true
        var restored: String?
        /// Failures come after something was begun.
        var isBegun = false
        var importedBytes = 0
        var targetPages: [[TargetRow]] = []
        /// Thrown after the last page, when set.
        var endOfPages: (any Error)?
        var pagesRead = 0
    }

    let requests = Mutex<[String: StoredRequest]>([:])
    let memory = Mutex(Memory())

    private func note(_ call: String) throws {
        try self.memory.withLock { memory in
            memory.calls.append(call)
            guard let failure = memory.failure else { return }
            // What takes several transactions has noted its key in the first when it fails later.
            if memory.isBegun, let mark = RequestOrigin.mark {
                let begun = StoredRequest(digest: mark.digest, answer: nil)
                self.requests.withLock { $0[mark.caller + " " + mark.key] = begun }
            }
            throw failure
        }
    }

    var calls: [String] { self.memory.withLock { $0.calls } }

    func readiness() async -> Readiness {
        self.memory.withLock { Readiness(ready: $0.isReady, workers: 2, process: 7, restored: $0.restored) }
    }

    func importContacts(
        _ request: ImportRequest,
        body: some AsyncSequence<ByteBuffer, any Error> & Sendable,
        by caller: Caller
    ) async throws -> ImportAnswer {
        try self.note("import \(request.file) \(request.list ?? "-") \(request.onConflict) by \(caller.name)")
        var bytes = 0
        for try await piece in body { bytes += piece.readableBytes }
        self.memory.withLock { $0.importedBytes = bytes }
        return ImportAnswer(
            id: "i1",
            rows: 3,
            created: 2,
            updated: 0,
            unchanged: 0,
            rejected: 1,
            warnings: 0,
            firstRejects: [.init(line: 3, column: 2, reason: "no address")],
            fields: [.init(name: "first_name", type: "text", column: "First Name", isOpen: false)]
        )
    }

    private static let suppression = SuppressionRow(
        SuppressionRecord(
            channel: .email,
            address: AddressHash(bytes: Array(repeating: 7, count: 16)),
            reason: .asked,
            at: Timestamp(milliseconds: 0),
            evidence: "a letter",
            who: "operator"
        )
    )

    func suppress(_ request: SuppressRequest, by caller: Caller) async throws -> SuppressionAnswer {
        try self.note("suppress \(request.address) \(request.reason ?? "-") by \(caller.name)")
        return SuppressionAnswer(added: true, suppression: Self.suppression)
    }

    func unsuppress(_ request: UnsuppressRequest, by caller: Caller) async throws -> SuppressionRow {
        try self.note("unsuppress \(request.address) because \(request.reason) by \(caller.name)")
        return Self.suppression
    }

    func importSuppressions(
        _ request: SuppressionImportRequest,
        body: some AsyncSequence<ByteBuffer, any Error> & Sendable,
        by caller: Caller
    ) async throws -> SuppressionImportAnswer {
        try self.note("suppress all of \(request.file) by \(caller.name)")
        for try await _ in body {}
        return SuppressionImportAnswer(rows: 1, added: 1)
    }

    func suppressions() async throws -> Pages<SuppressionRow> {
        try self.note("suppressions")
        return Pages(from: 0) { cursor in
            cursor += 1
            return cursor == 1 ? [Self.suppression] : nil
        }
    }

    func rejects(ofImport id: String) async throws -> Pages<ByteBuffer> {
        try self.note("rejects \(id)")
        return Pages(from: 0) { cursor in
            cursor += 1
            return cursor > 2 ? nil : [ByteBuffer(string: cursor == 1 ? "line,column,reason\n" : "3,2,no address\n")]
        }
    }

    func listImports() async throws -> [ImportListing] {
        try self.note("imports")
        return []
    }

    func undoImport(_ id: String, by caller: Caller) async throws -> UndoneImport {
        try self.note("undo \(id) by \(caller.name)")
        throw OperationError.notFound("there is no import '\(id)'")
    }

    func contacts(at address: String, by caller: Caller) async throws -> [PersonJSON] {
        try self.note("contacts \(address) by \(caller.name)")
        return []
    }

    func eraseContact(at address: String, by caller: Caller) async throws -> ErasureAnswer {
        try self.note("erase \(address) by \(caller.name)")
        return ErasureAnswer(contacts: 1, messages: 2, rejectedRows: 0, hashes: ["00"], mentions: [])
    }

    func exportContacts(asCSV: Bool, by caller: Caller) async throws -> Pages<ByteBuffer> {
        try self.note("export \(asCSV)")
        return Pages(from: 0) { cursor in
            cursor += 1
            return cursor > 1 ? nil : [ByteBuffer(string: "contact,email\r\n")]
        }
    }

    func countSegment(_ question: SegmentQuestion) async throws -> SegmentCount {
        try self.note("count \(question.expression) by \(question.by ?? "-")")
        return SegmentCount(count: 42, by: question.by)
    }

    private static let segment = SegmentDefinition(
        name: "iowa",
        expression: "state = 'IA'",
        definedBy: "operator",
        definedAt: Timestamp(milliseconds: 0)
    )

    func segments() async throws -> [SegmentDefinition] {
        try self.note("segments")
        return [Self.segment]
    }

    func segment(named name: String) async throws -> SegmentDefinition {
        try self.note("segment \(name)")
        return Self.segment
    }

    func defineSegment(named name: String, as expression: String, by caller: Caller) async throws -> SegmentDefinition {
        try self.note("define \(name) as \(expression) by \(caller.name)")
        return Self.segment
    }

    func check(_ file: CampaignFile) async throws -> CampaignCheck {
        try self.note("check \(file.file) \(file.files.keys.sorted())")
        return CampaignCheck(
            name: "first",
            audience: 10,
            variants: [.init(name: "jobs", targets: 7)],
            missing: [.init(field: "city", targets: 1)],
            excluded: [.init(reason: "suppressed", targets: 2)],
            diagnostics: [Diagnostic(.warning, file: file.file, line: 3, column: 5, "city is empty for 1 contact")]
        )
    }

    func planCampaign(_ file: CampaignFile) async throws -> PlanAnswer {
        try self.note("plan \(file.file)")
        return PlanAnswer(
            name: "first",
            audience: 10,
            messages: 8,
            variants: [],
            missing: [],
            excluded: [],
            waiting: [.init(.hours, targets: 2, until: Timestamp(milliseconds: 60_000))],
            sites: [],
            cost: 0.8,
            budget: nil,
            relay: .init(name: "main", costPerMessage: 0.1, messageMilliseconds: nil, connections: 32),
            finish: .init(
                seconds: 10,
                perSecond: 0.8,
                tightest: "relay main: 1/s",
                startsAt: Timestamp(milliseconds: 0),
                endsAt: Timestamp(milliseconds: 10_000),
                unsent: 0
            ),
            diagnostics: []
        )
    }

    func preview(_ request: PreviewRequest, by caller: Caller) async throws -> PreviewAnswer {
        try self.note("preview \(request.file) for \(request.contact ?? "-") \(request.sample ?? 0)")
        return PreviewAnswer(messages: [PreviewMessage(contact: 1, address: "a@b.example")])
    }

    func clone(_ id: Campaign.ID, _ change: CloneChange, by caller: Caller) async throws -> Submission {
        let budget = change.messagesMax.map(String.init) ?? "-"
        try self.note("clone \(id.publicID) unsent \(change.isForUnsent) budget \(budget) by \(caller.name)")
        return Submission(id: "c8", state: .submitted, digest: "abc", audience: 3, missing: [], diagnostics: [])
    }

    func submit(_ file: CampaignFile, replacing id: Campaign.ID?, by caller: Caller) async throws -> Submission {
        try self.note("submit \(file.file) replacing \(id?.publicID ?? "-") by \(caller.name)")
        return Submission(
            id: "c1",
            state: .submitted,
            digest: "abc",
            audience: 3,
            missing: [.init(field: "city", targets: 1)],
            diagnostics: []
        )
    }

    func campaigns(before id: Campaign.ID?, count: Int) async throws -> [CampaignStatus] {
        try self.note("campaigns")
        return [Self.status]
    }

    func campaign(_ id: Campaign.ID) async throws -> CampaignStatus {
        try self.note("campaign \(id.publicID)")
        return Self.status
    }

    func text(of id: Campaign.ID) async throws -> CampaignText {
        try self.note("text of \(id.publicID)")
        var record = CampaignRecord(
            id: id,
            name: "First caucus",
            state: .submitted,
            channel: "email",
            relay: "main",
            file: "first.yaml",
            content: "name: First caucus\n",
            files: #"{"jobs.txt":"Work","segment:iowa":"state = 'IA'"}"#,
            digest: "",
            submittedBy: "operator",
            submittedAt: Timestamp(milliseconds: 1_700_000_000_000)
        )
        record.digest = CampaignDigest.of(content: record.content, files: record.files, relay: record.relay)
        return try CampaignText(record)
    }

    func take(
        _ step: CampaignStep,
        on id: Campaign.ID,
        digest: String?,
        by caller: Caller
    ) async throws -> CampaignStatus {
        try self.note("\(step) \(id.publicID)\(digest.map { " as \($0.prefix(4))" } ?? "") by \(caller.name)")
        return Self.status
    }

    func retry(_ outcome: Outcome, of id: Campaign.ID, by caller: Caller) async throws -> CampaignStatus {
        try self.note("retry \(outcome.name) of \(id.publicID) by \(caller.name)")
        return Self.status
    }

    func resolve(_ decision: DoubtDecision, of id: Campaign.ID, by caller: Caller) async throws -> CampaignStatus {
        try self.note("resolve \(decision) of \(id.publicID) by \(caller.name)")
        return Self.status
    }

    func report(on id: Campaign.ID, by grouping: String?) async throws -> CampaignReport {
        try self.note("report \(id.publicID) by \(grouping ?? "-")")
        return CampaignReport(
            campaign: Self.status,
            by: grouping ?? "all",
            rows: [.init(key: "all", audience: 3, counts: TargetCounts(accepted: 3))]
        )
    }

    func targets(of id: Campaign.ID, _ selection: TargetSelection) async throws -> Pages<TargetRow> {
        try self.note("targets \(id.publicID) \(selection)")
        return Pages(from: 0) { cursor in
            let at = cursor
            cursor += 1
            return try self.memory.withLock { memory in
                if at < memory.targetPages.count {
                    memory.pagesRead += 1
                    return memory.targetPages[at]
                }
                if let error = memory.endOfPages { throw error }
                return nil
            }
        }
    }

    func top() async throws -> TopAnswer {
        try self.note("top")
        return TopAnswer(
            at: Timestamp(milliseconds: 0),
            build: "0.1.0",
            restored: nil,
            campaigns: [],
            lanes: [],
            relays: [],
            workers: []
        )
    }

    func workers() async throws -> [WorkerStatus] {
        try self.note("workers")
        return [Self.worker]
    }

    func addWorker(_ worker: NewWorker, by caller: Caller) async throws -> WorkerStatus {
        try self.note("add \(worker.name) \(worker.publicKey) by \(caller.name)")
        return Self.worker
    }

    func removeWorker(named name: String, by caller: Caller) async throws -> WorkerStatus {
        try self.note("remove \(name) by \(caller.name)")
        return Self.worker
    }

    func drainWorker(named name: String, undo: Bool, by caller: Caller) async throws -> WorkerStatus {
        try self.note("\(undo ? "undrain" : "drain") \(name) by \(caller.name)")
        return Self.worker
    }

    func restoreStatus() async throws -> RestoreStatus {
        try self.note("restore")
        return RestoreStatus(
            restored: true,
            reason: "copied",
            campaigns: [.init(id: "c1", name: "first", state: .running, targets: 3)]
        )
    }

    func acceptRestore(by caller: Caller) async throws -> RestoreStatus {
        try self.note("accept restore by \(caller.name)")
        return RestoreStatus(restored: false, reason: nil, campaigns: [])
    }

    func why(_ question: WhyQuestion) async throws -> WhyAnswer {
        try self.note("why \(question.address) \(question.campaign ?? "-")")
        return WhyAnswer(address: question.address, contact: 1, campaigns: [], nextCursor: nil)
    }

    func storedRequest(_ caller: String, key: String) async throws -> StoredRequest? {
        self.requests.withLock { $0[caller + " " + key] }
    }

    func forget(_ request: RequestMark) async throws {
        self.requests.withLock { $0[request.caller + " " + request.key] = nil }
    }

    func store(_ request: RequestMark, _ answer: StoredRequest.Answer) async throws {
        let stored = StoredRequest(digest: request.digest, answer: answer)
        self.requests.withLock { $0[request.caller + " " + request.key] = stored }
    }

    func tokenList() async throws -> [TokenStatus] {
        try self.note("tokens")
        return [TokenStatus(Self.token, at: Timestamp(milliseconds: 0))]
    }

    func addToken(_ token: NewToken, by caller: Caller) async throws -> MadeToken {
        try self.note("add token \(token.name) \(token.role) \(token.expiresIn ?? 0) by \(caller.name)")
        return MadeToken(name: token.name, role: token.role, token: "secret", expiresAt: nil)
    }

    func revokeToken(named name: String, by caller: Caller) async throws -> TokenStatus {
        try self.note("revoke token \(name) by \(caller.name)")
        return TokenStatus(Self.token, at: Timestamp(milliseconds: 0))
    }

    static let token = TokenRecord(
        name: "ann",
        role: .viewer,
        digest: [1],
        madeAt: Timestamp(milliseconds: 0),
        madeBy: "admin",
        expiresAt: nil
    )

    func audit(above row: Int64) async throws -> Pages<AuditRow> {
        try self.note("audit above \(row)")
        let answer = AuditRow(
            row: row + 1,
            at: Timestamp(milliseconds: 1_795_338_000_000),
            who: "ann",
            act: "approve",
            subject: "c1",
            digest: "abc",
            origin: "127.0.0.1",
            hash: "00ff"
        )
        return Pages(from: false) { isDone in
            guard !isDone else { return nil }
            isDone = true
            return [answer]
        }
    }

    func verifyAudit() async throws -> AuditVerification {
        try self.note("verify audit")
        return AuditVerification(intact: false, rows: 6, hash: "00", finding: .init(row: 7, text: "row 7 is missing"))
    }

    static let status = CampaignStatus(
        id: "c1",
        name: "first",
        state: .running,
        channel: "email",
        audience: 3,
        freezing: false,
        counts: TargetCounts(pending: 1, accepted: 2),
        sentTwice: 0,
        ratePerSecond: 12.5,
        startedAt: Timestamp(milliseconds: 1_795_338_000_000),
        finishedAt: nil,
        submittedAt: nil,
        approvedAt: nil,
        digest: "abc",
        relay: "main",
        problem: nil
    )

    static let worker = WorkerStatus(
        name: "local-1",
        state: .away,
        leased: 0,
        accepted: 0,
        acceptedPerSecond: 0,
        lastSeen: nil,
        build: nil,
        relays: [.init(name: "main", problem: nil)]
    )
}
