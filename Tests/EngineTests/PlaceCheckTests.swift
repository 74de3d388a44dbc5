import Domain
import Testing

@testable import Engine

@Suite("Whether a database is where it belongs")
struct PlaceCheckTests {
    private static let here = PlaceIdentity(
        machine: "m1",
        folder: FileIdentity(inode: 7, birth: 1_000),
        path: "/srv/data"
    )

    private static func place(
        machine: String = "m1",
        inode: UInt64 = 7,
        birth: Int64 = 1_000,
        path: String = "/srv/data"
    ) -> PlaceIdentity {
        PlaceIdentity(machine: machine, folder: FileIdentity(inode: inode, birth: birth), path: path)
    }

    private static func marker(_ epoch: UInt64, isOriginal: Bool = true) -> PlaceCheck.Marker {
        PlaceCheck.Marker(epoch: Epoch(epoch), isOriginal: isOriginal)
    }

    enum Verdict: Sendable { case fits, adopt, restored }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var stored = PlaceCheck.Stored(
            hasStarted: true,
            place: PlaceCheckTests.here,
            reserved: Epoch(100),
            hadMarker: true
        )
        var found = PlaceCheck.Found(place: PlaceCheckTests.here, marker: PlaceCheckTests.marker(100))
        let verdict: Verdict

        init(_ name: String, _ verdict: Verdict, _ change: (inout Case) -> Void = { _ in }) {
            self.testDescription = name
            self.verdict = verdict
            change(&self)
        }
    }

    static let cases: [Case] = [
        Case("everything is as it was", .fits),
        Case("the marker is behind: a crash between both writes", .fits) { $0.found.marker = Self.marker(36) },
        Case("the folder was renamed", .fits) { $0.found.place = Self.place(path: "/srv/other") },
        Case("a device was mounted again, and its inodes count anew", .fits) { $0.found.place = Self.place(inode: 9) },
        Case("the machine has no id now", .fits) { $0.found.place = Self.place(machine: "") },
        Case("another machine", .restored) { $0.found.place = Self.place(machine: "m2") },
        Case("a copy with a number of its own", .restored) { $0.found.place = Self.place(inode: 8, birth: 2_000) },
        Case("a copy that got the old one's number", .restored) { $0.found.place = Self.place(birth: 2_000) },
        Case("no birth known, and the number differs", .restored) { $0.found.place = Self.place(inode: 8, birth: 0) },
        Case("no birth known, and the path differs", .restored) {
            $0.found.place = Self.place(birth: 0, path: "/srv/other")
        },
        Case("no birth known, and all the rest is the same", .fits) { $0.found.place = Self.place(birth: 0) },
        Case("the database is behind its folder", .restored) { $0.found.marker = Self.marker(101) },
        Case("the marker is a copy", .restored) { $0.found.marker = Self.marker(100, isOriginal: false) },
        Case("the marker is gone", .restored) { $0.found.marker = nil },
        Case("no marker was ever made: a crash at the first start", .fits) {
            $0.stored.hadMarker = false
            $0.found.marker = nil
        },
        Case("a database of a program that knew no places", .adopt) {
            $0.stored = .init(hasStarted: true, place: nil, reserved: Epoch(0), hadMarker: false)
            $0.found.marker = nil
        },
        Case("such a database, older than a folder that knows its place", .restored) {
            $0.stored = .init(hasStarted: true, place: nil, reserved: Epoch(0), hadMarker: false)
        },
        Case("a new database, whatever lies beside it", .adopt) {
            $0.stored = .init(hasStarted: false, place: nil, reserved: Epoch(0), hadMarker: false)
        },
    ]

    @Test("a restored or copied database is told from one that is at home", arguments: Self.cases)
    func verdicts(_ sample: Case) {
        switch PlaceCheck.finding(stored: sample.stored, found: sample.found) {
        case .fits: #expect(sample.verdict == .fits)
        case .adopt: #expect(sample.verdict == .adopt)
        case .restored(let reason):
            #expect(sample.verdict == .restored)
            #expect(!reason.isEmpty)
        }
    }

    @Test("a place is stored as text and read again", arguments: ["/srv/data", "/srv/my data/x", ""])
    func text(path: String) {
        let place = Self.place(path: "/" + path)
        #expect(PlaceIdentity(place.text) == place)
        let nameless = Self.place(machine: "", path: "/" + path)
        #expect(PlaceIdentity(nameless.text) == nameless)
    }

    @Test("names of markers sort as their epochs do, and nothing else is one")
    func names() {
        let epochs = [0, 9, 10, 1 << 32, UInt64.max].map { Epoch($0) }
        let names = epochs.map { PlaceCheck.markerName(of: $0) }
        #expect(names == names.sorted())
        #expect(names.map { PlaceCheck.epoch(ofMarker: $0) } == epochs)
        for other in ["epoch-", "epoch-zz00000000000000", "epoch-00000000000000001", "postrider.sqlite"] {
            #expect(PlaceCheck.epoch(ofMarker: other) == nil)
        }
    }
}
