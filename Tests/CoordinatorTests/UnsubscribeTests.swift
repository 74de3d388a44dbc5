import Domain
import Storage
import Synchronization
import Testing
import UserFiles
import Wire

@testable import CoordinatorCore

@Suite("Links to unsubscribe")
struct UnsubscribeTests {
    private static let key = UnsubscribeKey(Array(repeating: 9, count: 32))
    private static func target(_ position: Int, lane: Int = 0, of campaign: Campaign.ID = Campaign.ID(1)) -> TargetKey {
        TargetKey(campaign: campaign, lane: lane, position: position)
    }

    @Test(
        "a token leads back to its target",
        arguments: [(1, 0, 0), (7, 511, 255), (0xFFFF_FFFF_FFFF, 0xFFFF, 0xFF_FFFF_FFFF)]
    )
    func roundTrip(campaign: Int64, lane: Int, position: Int) {
        let target = TargetKey(campaign: Campaign.ID(campaign), lane: lane, position: position)
        let token = Self.key.token(for: target)
        #expect(token.utf8.count == UnsubscribeKey.characterCount)
        #expect(Self.key.target(of: token) == target)
        #expect(UnsubscribeKey([1]).target(of: token) == nil)
    }

    @Test("a token with any bit flipped, cut short or made longer is none", arguments: [0, 1, 99_999])
    func everyBit(position: Int) {
        let token = Array(Self.key.token(for: Self.target(position, lane: 3)).utf8)
        for index in token.indices {
            for bit in 0..<8 {
                var changed = token
                changed[index] ^= 1 << UInt8(bit)
                #expect(Self.key.target(of: String(decoding: changed, as: UTF8.self)) == nil)
            }
            #expect(Self.key.target(of: String(decoding: token[..<index], as: UTF8.self)) == nil)
        }
        #expect(Self.key.target(of: String(decoding: token + [65], as: UTF8.self)) == nil)
    }

    @Test(
        "only the exact one-click body and our own form ask for anything",
        arguments: [
            ("List-Unsubscribe=One-Click", "application/x-www-form-urlencoded", .oneClick),
            ("List-Unsubscribe=One-Click\r\n", "application/x-www-form-urlencoded", .oneClick),
            (
                "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n",
                "multipart/form-data; boundary=b", .oneClick
            ),
            ("choice=all", "application/x-www-form-urlencoded", .page(.everything)),
            ("choice=list", "application/x-www-form-urlencoded", .page(.list)),
            ("", "", nil), ("List-Unsubscribe=one-click", "", nil), ("choice=", "", nil), ("One-Click", "", nil),
        ] as [(String, String, UnsubscribeForm?)]
    )
    func forms(body: String, type: String, expected: UnsubscribeForm?) {
        #expect(UnsubscribeForm(Array(body.utf8), type: type) == expected)
    }

    private func unsubscribe(
        _ target: TargetKey,
        _ bench: LoopBench,
        choosing choice: UnsubscribeChoice = .everything
    ) throws -> UnsubscribeAnswer {
        let answer = SharedAnswer()
        try bench.command { core in
            let given = try core.unsubscribe(target, choice, source: "one_click")
            answer.value.withLock { $0 = given }
        }
        return try #require(answer.value.withLock { $0 })
    }

    @Test("whoever unsubscribes is suppressed, with one event, and asked again gets the same answer")
    func once() throws {
        let bench = try LoopBench()
        try bench.addContacts(3)
        let id = try bench.start(LoopBench.campaign("language: fr"))
        for _ in 0..<3 { try bench.turn() }
        let first = try self.unsubscribe(Self.target(1, of: id), bench)
        let again = try self.unsubscribe(Self.target(1, of: id), bench)
        #expect(first.isNew && !again.isNew && first.page == again.page)
        #expect(first.page.language == .french && first.page.sender == "a@b.example")
        #expect(try bench.integer("SELECT count(*) FROM event WHERE kind = 'unsubscribed' AND contact = 2") == 1)
        #expect(try bench.integer("SELECT barred FROM contact WHERE id = 2") == 1)
        #expect(try bench.integer("SELECT count(*) FROM suppression WHERE reason = 'unsubscribed'") == 1)
        #expect(throws: OperationError.self) { try self.unsubscribe(Self.target(99, of: id), bench) }
    }

    @Test("whoever leaves only the list still gets what others are sent over other lists")
    func list() throws {
        let bench = try LoopBench()
        try bench.addContacts(2)
        let id = try bench.start(LoopBench.campaign())
        for _ in 0..<3 { try bench.turn() }
        let answer = try self.unsubscribe(Self.target(0, of: id), bench, choosing: .list)
        #expect(answer.choice == .list && answer.page.list == "everyone")
        #expect(try bench.integer("SELECT count(*) FROM suppression") == 0)
        #expect(try bench.integer("SELECT barred FROM contact WHERE id = 1") == Int(ContactBars.lists.rawValue))
        let worker = try bench.connectedWorker("w1")
        #expect(worker.lastGrant?.contact == [2])
    }

    @Test("the page asks and never acts, in the campaign's language, and shows names as text")
    func page() {
        let page = UnsubscribePage(language: .german, sender: "Ann <b>&</b> Co", list: "news")
        #expect(page.asking.contains("<html lang=\"de\">") && page.asking.contains("<form method=\"post\">"))
        #expect(page.asking.contains("Ann &lt;b&gt;&amp;&lt;/b&gt; Co") && !page.asking.contains("<b>&"))
        #expect(page.asking.contains("value=\"list\"") && !page.asking.contains("<script"))
        #expect(!UnsubscribePage(language: .english, sender: "A", list: nil).asking.contains("value=\"list\""))
        #expect(page.done(.list).contains("news") && page.done(.everything).contains("Ann"))
    }

    @Test("every language has all its words", arguments: Language.allCases)
    func words(language: Language) {
        let words = UnsubscribeWords.of(language)
        for text in [words.title, words.button, words.unknown, words.later] { #expect(!text.isEmpty) }
        for text in [words.question, words.everything, words.list, words.done, words.doneList] {
            #expect(text.filter { $0 == "%" }.count == 1)
        }
    }
}

/// Carries an answer out of a turn of the loop.
private final class SharedAnswer: Sendable {
    let value = Mutex<UnsubscribeAnswer?>(nil)
}
