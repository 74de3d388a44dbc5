import Domain
import Storage
import Testing

@Suite("Stored requests")
struct RequestStoreTests {
    private static let now = Timestamp(milliseconds: 1_800_000_000_000)

    @Test("a request is begun once, ends with its answer, and is forgotten after a day")
    func life() throws {
        let store = try TestStore()
        try store.write { connection throws(StoreError) in
            let requests = RequestStore(connection)
            let mark = RequestMark(caller: "ann", key: "k", digest: "d")
            try requests.begin(mark, at: Self.now)
            try requests.begin(mark, at: Self.now)
            let begun = try requests.request("ann", key: "k", at: Self.now)
            #expect(begun == StoredRequest(digest: "d", answer: nil))
            let answer = StoredRequest.Answer(status: 200, body: [1, 2])
            try requests.end(mark, answer, at: Self.now)
            let ended = try requests.request("ann", key: "k", at: Self.now)
            #expect(ended == StoredRequest(digest: "d", answer: answer))
            let others = try requests.request("bob", key: "k", at: Self.now)
            #expect(others == nil)
            let later = Self.now.advanced(byMilliseconds: RequestStore.keptMilliseconds)
            let old = try requests.request("ann", key: "k", at: later)
            #expect(old == nil)
        }
    }

    @Test("a request that was begun can be forgotten, one that was answered cannot")
    func forgotten() throws {
        let store = try TestStore()
        try store.write { connection throws(StoreError) in
            let requests = RequestStore(connection)
            let mark = RequestMark(caller: "ann", key: "k", digest: "d")
            try requests.begin(mark, at: Self.now)
            try requests.forget(RequestMark(caller: "ann", key: "k", digest: "another"))
            let other = try requests.request("ann", key: "k", at: Self.now)
            #expect(other != nil)
            try requests.forget(mark)
            let gone = try requests.request("ann", key: "k", at: Self.now)
            #expect(gone == nil)
            try requests.end(mark, StoredRequest.Answer(status: 200, body: []), at: Self.now)
            try requests.forget(mark)
            let ended = try requests.request("ann", key: "k", at: Self.now)
            #expect(ended != nil)
        }
    }

    @Test("no more than a number of keys is kept, the newest")
    func bound() throws {
        let store = try TestStore()
        try store.write { connection throws(StoreError) in
            let requests = RequestStore(connection)
            for index in 0..<Int(RequestStore.countMax) + 20 {
                try requests.begin(RequestMark(caller: "ann", key: "k\(index)", digest: ""), at: Self.now)
            }
            let first = try requests.request("ann", key: "k19", at: Self.now)
            let last = try requests.request("ann", key: "k\(RequestStore.countMax + 19)", at: Self.now)
            #expect(first == nil)
            #expect(last != nil)
        }
        #expect(try store.rows("SELECT count(*) FROM request") == ["\(RequestStore.countMax)"])
    }
}
