import Domain
import Engine
import Testing

@Suite("Campaign lifecycle")
struct CampaignLifecycleTests {
    private typealias Act = CampaignLifecycle.Act

    /// What each act leads to; what is not here is refused.
    private static let table: [Act: [CampaignState: CampaignState]] = [
        .approve: [.submitted: .approved, .approved: .approved],
        .start: [.approved: .running, .running: .running],
        .pause: [.running: .paused, .paused: .paused],
        .resume: [.paused: .running, .running: .running],
        .cancel: [
            .submitted: .cancelled, .approved: .cancelled, .running: .cancelled, .paused: .cancelled,
            .cancelled: .cancelled,
        ],
        .replace: [.draft: .submitted, .submitted: .submitted, .approved: .submitted],
        .retry: [.running: .running, .paused: .paused, .finished: .running],
        .skip: [.running: .running, .paused: .paused, .finished: .finished, .cancelled: .cancelled],
    ]

    @Test("who starts what is paused is told to resume it")
    func startPaused() {
        let refusal = #expect(throws: CampaignLifecycle.Refusal.self) {
            try CampaignLifecycle.after(.start, in: .paused)
        }
        #expect(refusal?.text.contains("resume") == true)
    }

    @Test("every act in every state", arguments: CampaignLifecycle.Act.allCases, CampaignState.allCases)
    func acts(act: CampaignLifecycle.Act, state: CampaignState) {
        let expected = Self.table[act]?[state]
        let result = Result { () throws(CampaignLifecycle.Refusal) in try CampaignLifecycle.after(act, in: state) }
        switch result {
        case .success(let after): #expect(after == expected)
        case .failure(let refusal):
            #expect(expected == nil)
            #expect(refusal.text.contains("cannot \(act.rawValue)") && refusal.text.contains(state.rawValue))
        }
    }
}
