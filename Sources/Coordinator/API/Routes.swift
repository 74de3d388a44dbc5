import Domain
import Hummingbird
import NIOCore
import Telemetry

/// Every request of docs/api.md: its path, the role it needs, and the operation it becomes.
struct Routes<Coordinator: Operations>: Sendable {
    let operations: Coordinator
    let tokens: Tokens
    let metrics: MetricsRegistry
    let table: RouteTable
    let keys = RequestKeys()

    func add(to router: Router<APIContext>) {
        self.addOpen(to: router)
        self.addContacts(to: router)
        self.addSuppressions(to: router)
        self.addPeople(to: router)
        self.addCampaigns(to: router)
        self.addDecisions(to: router)
        self.addWorkers(to: router)
        self.addRestore(to: router)
        self.addAudit(to: router)
        self.addTokens(to: router)
    }

    /// Requests that need no token: what load balancers and Prometheus ask.
    private func addOpen(to router: Router<APIContext>) {
        self.onOpen("healthz", router) { Response(text: "ok\n") }
        self.onOpen("readyz", router) {
            let readiness = await self.operations.readiness()
            return try Response(json: readiness, status: readiness.ready ? .ok : .serviceUnavailable)
        }
        self.onOpen("metrics", router) {
            Response(
                status: .ok,
                headers: [.contentType: PrometheusText.contentType],
                body: .init(byteBuffer: ByteBuffer(bytes: self.metrics.exposition()))
            )
        }
        self.onOpen("openapi.yaml", router) {
            Response(
                status: .ok,
                headers: [.contentType: "application/yaml"],
                body: .init(byteBuffer: ByteBuffer(string: OpenAPIDocument.text))
            )
        }
    }

    /// Adds a request that needs no token.
    private func onOpen(
        _ path: RouterPath,
        _ router: Router<APIContext>,
        answer: @escaping @Sendable () async throws -> Response
    ) {
        self.table.add(.get, path, nil)
        for method in HTTPRequest.Method.get.servedWith {
            router.on(path, method: method) { _, _ in try await answer() }
        }
    }

    private func addContacts(to router: Router<APIContext>) {
        self.on(.post, "v1/imports", .operator, router, query: RequestInput.importKeys) { input in
            let request = try input.importRequest()
            return try Response(
                json: await self.operations.importContacts(request, body: input.request.body, by: input.caller)
            )
        }
        self.on(.get, "v1/imports/:id/rejects", .operator, router) { input in
            let pages = try await self.operations.rejects(ofImport: input.parameter("id"))
            return try await Response(pages: pages, contentType: "text/csv; charset=utf-8; header=present") { page in
                var bytes = ByteBuffer()
                for piece in page { bytes.writeImmutableBuffer(piece) }
                return bytes
            }
        }
        self.on(.post, "v1/segments/count", .viewer, router) { input in
            let question = try await input.body(SegmentQuestion.self)
            return try Response(json: await self.operations.countSegment(question))
        }
        self.on(.get, "v1/segments", .viewer, router) { _ in
            try Response(json: SegmentList(segments: await self.operations.segments()))
        }
        self.on(.get, "v1/segments/:name", .viewer, router) { input in
            try Response(json: await self.operations.segment(named: input.parameter("name")))
        }
        self.on(.put, "v1/segments/:name", .operator, router) { input in
            let asked = try await input.body(NewSegment.self)
            let name = try input.parameter("name")
            return try Response(
                json: await self.operations.defineSegment(named: name, as: asked.expression, by: input.caller)
            )
        }
        self.on(.post, "v1/why", .viewer, router) { input in
            try Response(json: await self.operations.why(input.body(WhyQuestion.self)))
        }
    }

    private func addCampaigns(to router: Router<APIContext>) {
        self.on(.post, "v1/campaigns/check", .operator, router) { input in
            try Response(json: await self.operations.check(input.body(CampaignFile.self)))
        }
        self.on(.post, "v1/campaigns/plan", .operator, router) { input in
            try Response(json: await self.operations.planCampaign(input.body(CampaignFile.self)))
        }
        self.on(.post, "v1/campaigns/preview", .operator, router) { input in
            try Response(json: await self.operations.preview(input.body(PreviewRequest.self), by: input.caller))
        }
        self.on(.post, "v1/campaigns/:id/clone", .operator, router, query: ["unsent", "budget"]) { input in
            try Response(json: await self.operations.clone(input.campaignID(), input.cloneChange(), by: input.caller))
        }
        self.on(.post, "v1/campaigns", .operator, router, query: ["id"]) { input in
            let id = try input.query("id").map(input.campaignID)
            let file = try await input.body(CampaignFile.self)
            return try Response(json: await self.operations.submit(file, replacing: id, by: input.caller))
        }
        self.on(.get, "v1/campaigns", .viewer, router, query: ["cursor", "limit"]) { input in
            let page = try input.page()
            let cursor = try page.cursor.map(input.campaignCursor)
            // One more than is shown says whether there are more.
            var campaigns = try await self.operations.campaigns(before: cursor, count: page.limit + 1)
            let hasMore = campaigns.count > page.limit
            campaigns = Array(campaigns.prefix(page.limit))
            return try Response(
                json: CampaignList(campaigns: campaigns, nextCursor: hasMore ? campaigns.last?.id : nil)
            )
        }
        self.on(.get, "v1/campaigns/:id", .viewer, router) { input in
            try Response(json: await self.operations.campaign(input.campaignID()))
        }
        for step in CampaignStep.allCases {
            let query = step == .approve ? ["digest"] : []
            self.on(.post, "v1/campaigns/:id/\(step.rawValue)", step.role, router, query: query) { input in
                let (id, digest) = (try input.campaignID(), try input.digest())
                return try Response(json: await self.operations.take(step, on: id, digest: digest, by: input.caller))
            }
        }
        self.on(.get, "v1/campaigns/:id/file", .viewer, router) { input in
            try Response(json: await self.operations.text(of: input.campaignID()))
        }
        self.on(.get, "v1/campaigns/:id/report", .viewer, router, query: ["by"]) { input in
            try Response(json: await self.operations.report(on: input.campaignID(), by: input.query("by")))
        }
        self.on(.get, "v1/campaigns/:id/targets", .viewer, router, query: ["outcome"]) { input in
            let pages = try await self.operations.targets(of: input.campaignID(), input.targetSelection())
            return try await Response(pages: pages, contentType: "application/x-ndjson") { page in
                var bytes: [UInt8] = []
                bytes.reserveCapacity(page.count * 256)
                for row in page { row.appendLine(to: &bytes) }
                return ByteBuffer(bytes: bytes)
            }
        }
    }

    /// What is done about targets that did not get their message, or of which nobody knows.
    private func addDecisions(to router: Router<APIContext>) {
        self.on(.post, "v1/campaigns/:id/retry", .operator, router) { input in
            let asked = try await input.body(RetryRequest.self)
            guard let outcome = Outcome(name: asked.outcome) else {
                throw Problem.badRequest("There is no outcome '\(asked.outcome)'; see docs/api.md.")
            }
            return try Response(json: await self.operations.retry(outcome, of: input.campaignID(), by: input.caller))
        }
        self.on(.post, "v1/campaigns/:id/resolve", .operator, router) { input in
            let asked = try await input.body(ResolveRequest.self)
            guard let decision = DoubtDecision(rawValue: asked.decision) else {
                throw Problem.badRequest("decision must be \(DoubtDecision.grammar), not '\(asked.decision)'.")
            }
            return try Response(json: await self.operations.resolve(decision, of: input.campaignID(), by: input.caller))
        }
    }

    private func addRestore(to router: Router<APIContext>) {
        self.on(.get, "v1/restore", .viewer, router) { _ in
            try Response(json: await self.operations.restoreStatus())
        }
        self.on(.post, "v1/restore/accept", .admin, router) { input in
            try Response(json: await self.operations.acceptRestore(by: input.caller))
        }
    }

    private func addAudit(to router: Router<APIContext>) {
        self.on(.get, "v1/audit", .viewer, router, query: ["above"]) { input in
            let pages = try await self.operations.audit(above: input.number("above", in: 0...Int64.max) ?? 0)
            return try await Response(pages: pages, contentType: "application/x-ndjson") { page in
                var bytes: [UInt8] = []
                bytes.reserveCapacity(page.count * 320)
                for row in page { row.appendLine(to: &bytes) }
                return ByteBuffer(bytes: bytes)
            }
        }
        self.on(.get, "v1/audit/verification", .viewer, router) { _ in
            try Response(json: await self.operations.verifyAudit())
        }
    }

    private func addTokens(to router: Router<APIContext>) {
        self.on(.get, "v1/tokens", .admin, router) { _ in
            try Response(json: TokenList(tokens: await self.operations.tokenList()))
        }
        self.on(.post, "v1/tokens", .admin, router) { input in
            try Response(json: await self.operations.addToken(input.body(NewToken.self), by: input.caller))
        }
        self.on(.delete, "v1/tokens/:name", .admin, router) { input in
            try Response(json: await self.operations.revokeToken(named: input.parameter("name"), by: input.caller))
        }
    }

    private func addWorkers(to router: Router<APIContext>) {
        self.on(.get, "v1/top", .viewer, router) { _ in
            try Response(json: await self.operations.top())
        }
        self.on(.get, "v1/workers", .viewer, router) { _ in
            try Response(json: WorkerList(workers: await self.operations.workers()))
        }
        self.on(.post, "v1/workers", .admin, router) { input in
            try Response(json: await self.operations.addWorker(input.body(NewWorker.self), by: input.caller))
        }
        self.on(.delete, "v1/workers/:name", .admin, router) { input in
            try Response(json: await self.operations.removeWorker(named: input.parameter("name"), by: input.caller))
        }
        for (method, undo) in [(HTTPRequest.Method.post, false), (.delete, true)] {
            self.on(method, "v1/workers/:name/drain", .operator, router) { input in
                let name = try input.parameter("name")
                return try Response(
                    json: await self.operations.drainWorker(named: name, undo: undo, by: input.caller)
                )
            }
        }
    }

    /// Adds a request that needs a token of at least this role.
    ///
    /// There is no other way to add one under `/v1`. `query` names the parameters that its query may have.
    func on(
        _ method: HTTPRequest.Method,
        _ path: RouterPath,
        _ role: Role,
        _ router: Router<APIContext>,
        query: [String] = [],
        answer: @escaping @Sendable (RequestInput) async throws -> Response
    ) {
        self.table.add(method, path, role)
        let respond: @Sendable (Request, APIContext) async throws -> Response = { request, context in
            let caller = try self.caller(of: request)
            guard caller.role >= role else {
                throw Problem.forbidden(
                    "This needs the role \(role.name); the token \(caller.name) has \(caller.role.name)."
                )
            }
            return try await RequestOrigin.$address.withValue(context.origin) {
                let input = RequestInput(request: request, context: context, caller: caller)
                try input.requireQuery(among: query)
                guard method == .post, !path.isQuestion else { return try await answer(input) }
                return try await self.keys.answer(
                    input,
                    isStreamed: ["v1/imports", "v1/suppressions/import"].contains { path.description.hasSuffix($0) },
                    // A token is said once, and never stored; nor are people's messages.
                    keepsAnswer: !["v1/tokens", "v1/campaigns/preview"].contains { path.description.hasSuffix($0) },
                    by: self.operations,
                    answer: answer
                )
            }
        }
        for method in method.servedWith { router.on(path, method: method, use: respond) }
    }

    private func caller(of request: Request) throws -> Caller {
        guard let header = request.headers[.authorization] else {
            throw Problem.unauthorized("Send the header Authorization: Bearer TOKEN.")
        }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else {
            throw Problem.unauthorized("The Authorization header must be Bearer TOKEN.")
        }
        switch self.tokens.judge(presented: parts[1], at: WallClock.now()) {
        case .valid(let caller): return caller
        case .unknown: throw Problem.unauthorized("There is no such token.")
        case .expired(let name, let end): throw Problem.unauthorized("The token \(name) expired at \(end.rfc3339).")
        case .revoked(let name): throw Problem.unauthorized("The token \(name) was revoked.")
        }
    }

    private struct CampaignList: Encodable {
        let campaigns: [CampaignStatus]
        @Nullable var nextCursor: String?

        private enum CodingKeys: String, CodingKey {
            case campaigns
            case nextCursor = "next_cursor"
        }
    }

    private struct SegmentList: Encodable {
        let segments: [SegmentDefinition]
    }

    private struct TokenList: Encodable {
        let tokens: [TokenStatus]
    }

    private struct WorkerList: Encodable {
        let workers: [WorkerStatus]
    }
}
