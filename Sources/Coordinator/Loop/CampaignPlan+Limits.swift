import Domain
import UserFiles
import Wire

extension CampaignPlan {
    /// Room for what is told to workers besides the campaign's own texts: keys that sign, and where mail comes back to.
    static let contentReserveBytes = 64 * 1_024

    /// Bytes that a campaign's texts may come to, all variants together: they are told to a worker in one frame.
    static let contentBytesMax = FrameHeader.frameBytesMax - CampaignPlan.contentReserveBytes

    /// What keeps the texts from being told to workers; `nil` when nothing does.
    func sizeProblem(hasLinks: Bool) -> Diagnostic? {
        let content = self.content(
            of: Campaign.ID(.max),
            revision: Int(UInt32.max),
            messageIDKey: Array(repeating: 0, count: 32),
            hasLinks: hasLinks
        )
        let count: Int
        do throws(FrameError) {
            count = try CoordinatorMessage.content(content).frame(session: .max, sequence: .max).count
        } catch {
            guard case .tooLong(let found) = error else { return self.sizeDiagnostic("\(error)") }
            count = found
        }
        guard count > Self.contentBytesMax else { return nil }
        return self.sizeDiagnostic("come to \(count) bytes")
    }

    /// Why `max_cost` would bound nothing, as with a relay without a price, or everything; `nil` when it does neither.
    func priceProblem(relay: String, costPerMessage price: Money?) -> Diagnostic? {
        guard let budget = self.file.budget, let most = budget.costMax else { return nil }
        if let price, price > Money(billionths: 0) {
            guard budget.messages(at: price) < 1 else { return nil }
            return self.file.diagnostic(
                at: "budget.max_cost",
                "\(most.amount) does not pay for one message: relay \(relay) has cost_per_message \(price.amount)"
            )
        }
        return self.file.diagnostic(
            at: "budget.max_cost",
            "relay \(relay) has no cost_per_message in the settings, so max_cost cannot hold; allowed: max_messages"
        )
    }

    private func sizeDiagnostic(_ found: String) -> Diagnostic {
        self.file.diagnostic(
            at: "variants",
            "the texts of all variants together \(found); allowed: at most \(Self.contentBytesMax). What several variants have in common "
                + "counts once in a partial, {{>name}}"
        )
    }
}
