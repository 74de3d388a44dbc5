import Foundation
import Testing

@testable import Transport

@Suite("Keys, names and addresses")
struct KeyTests {
    @Test("a generated pair is written for its owner alone and read back")
    func keyFile() throws {
        try withFolder { folder in
            let keys = try CurveKeyPair.generate()
            try KeyFile.write(keys, to: "\(folder)/worker.key")
            #expect(try KeyFile.read("\(folder)/worker.key") == keys)
            #expect(try KeyFile.readPublic("\(folder)/worker.key") == keys.publicKey)
            #expect(try mode("\(folder)/worker.key") == 0o600)
            #expect(try CurveKeyPair.generate() != keys)
        }
    }

    @Test("an existing key file is kept unless replacing it was asked for")
    func noOverwrite() throws {
        try withFolder { folder in
            let path = "\(folder)/worker.key"
            let first = try CurveKeyPair.generate()
            let second = try CurveKeyPair.generate()
            try KeyFile.write(first, to: path)
            let error = #expect(throws: TransportError.self) { try KeyFile.write(second, to: path) }
            #expect(error?.message == "\(path) exists already and is left as it is")
            #expect(try KeyFile.read(path) == first)
            try KeyFile.write(second, to: path, replacing: true)
            #expect(try KeyFile.read(path) == second)
            #expect(try mode(path) == 0o600)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["worker.key"])
        }
    }

    @Test("a secret that others can read or write is refused", arguments: [0o640, 0o604, 0o620, 0o602, 0o610, 0o777])
    func openSecrets(mode: Int) throws {
        try withFolder { folder in
            let path = "\(folder)/worker.key"
            try KeyFile.write(.generate(), to: path)
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
            for read in [{ _ = try KeyFile.read(path) }, { _ = try KeyFile.readPublic(path) }] {
                let error = #expect(throws: TransportError.self) { try read() }
                #expect(error?.message.contains("chmod 600 \(path)") == true)
            }
        }
    }

    @Test("a public key may be read by everybody")
    func publicFile() throws {
        try withFolder { folder in
            let key = try CurveKeyPair.generate().publicKey
            try KeyFile.writePublic(key, to: "\(folder)/coordinator.pub")
            #expect(try mode("\(folder)/coordinator.pub") == 0o644)
            #expect(try KeyFile.readPublic("\(folder)/coordinator.pub") == key)
            #expect(throws: TransportError.self) { try KeyFile.read("\(folder)/coordinator.pub") }
        }
    }

    @Test("a key file that is none is an error that shows no key")
    func brokenFiles() throws {
        let keys = try CurveKeyPair.generate()
        let other = try CurveKeyPair.generate()
        let texts = [
            "", "public\nsecret", "public \(keys.publicKey)", "secret \(keys.secretKey.text)",
            "public \(keys.publicKey)\nsecret \(other.secretKey.text)",
            "public \(keys.publicKey)\nsecret \(keys.secretKey.text)\nsecret \(other.secretKey.text)",
            "public \(keys.publicKey)\nsecret \(keys.secretKey.text) more", "private \(keys.secretKey.text)",
            "public \(keys.publicKey)\nsecret \(keys.secretKey.text.dropLast())",
            String(repeating: "#", count: 5_000), "\u{0}",
        ]
        try withFolder { folder in
            for (index, text) in texts.enumerated() {
                let path = "\(folder)/\(index).key"
                try SmallFile.write(text, to: path, .secret, replacing: false)
                let error = #expect(throws: TransportError.self, "\(text)") { try KeyFile.read(path) }
                #expect(error?.message.contains(keys.secretKey.text) == false)
                #expect(error?.message.contains(path) == true)
            }
            #expect(throws: TransportError.self) { try KeyFile.read(folder) }
            #expect(throws: TransportError.self) { try KeyFile.read("\(folder)/none.key") }
        }
    }

    @Test("comments, blank lines and Windows line ends are read over")
    func tolerance() throws {
        try withFolder { folder in
            let keys = try CurveKeyPair.generate()
            let text = "# ours\r\n\r\n  secret \(keys.secretKey.text)\r\npublic\t\(keys.publicKey)\r\n"
            try SmallFile.write(text, to: "\(folder)/k", .secret, replacing: false)
            #expect(try KeyFile.read("\(folder)/k") == keys)
        }
    }

    static let published = [
        "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID", "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs",
        "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6",
    ]

    @Test("the keys of ZeroMQ's manual are refused everywhere", arguments: published)
    func publishedKeys(text: String) throws {
        let error = #expect(throws: TransportError.self) { try PublicKey(text: text) }
        #expect(error?.message.contains("everybody knows") == true)
        #expect(throws: TransportError.self) { try SecretKey(text: text) }
        #expect(throws: AllowList.Problems.self) { try AllowList(text: "a \(text)") }
    }

    @Test(
        "what is no key is refused",
        arguments: [
            "", "x", String(repeating: "0", count: 40), String(repeating: "~", count: 40),
            String(repeating: "#", count: 40), String(repeating: "a", count: 45),
            "Ü" + String(repeating: "a", count: 38),
        ]
    )
    func notKeys(text: String) {
        #expect(throws: TransportError.self) { try PublicKey(text: text) }
    }

    @Test("a secret key does not print itself")
    func secrecy() throws {
        let keys = try CurveKeyPair.generate()
        var dumped = "\(keys) \(String(reflecting: keys)) \(keys.secretKey)"
        dump(keys, to: &dumped)
        #expect(!dumped.contains(keys.secretKey.text))
    }

    @Test("an allow-list is written and read back, sorted by name")
    func allowListRoundTrip() throws {
        let keys = try (0..<3).map { _ in try CurveKeyPair.generate().publicKey }
        let list = try AllowList().adding("b", keys[0]).adding("a-1", keys[1]).adding("c", keys[2]).removing("c")
        #expect(try AllowList(text: list.text) == list)
        #expect(list.workerNames == ["a-1", "b"])
        #expect(list.name(of: keys[1]) == "a-1")
        #expect(list.key(of: "b") == keys[0])
        #expect(list.name(of: keys[2]) == nil)
        try withFolder { folder in
            try list.write(to: "\(folder)/workers")
            #expect(try mode("\(folder)/workers") == 0o600)
            #expect(try AllowList.read("\(folder)/workers") == list)
            #expect(try AllowList.read("\(folder)/none") == AllowList())
            let changes: [FileAttributeKey: Any] = [.posixPermissions: 0o664]
            try FileManager.default.setAttributes(changes, ofItemAtPath: "\(folder)/workers")
            #expect(throws: TransportError.self) { try AllowList.read("\(folder)/workers") }
        }
    }

    @Test("every wrong line of an allow-list is named")
    func allowListProblems() throws {
        let keys = try (0..<2).map { _ in try CurveKeyPair.generate().publicKey.text }
        let text = """
            # comment
            good \(keys[0])

            Bad \(keys[1])
            lonely
            good \(keys[1])
            twin \(keys[0])
            \(String(repeating: "n", count: 33)) \(keys[1])
            three \(keys[1]) words
            short abc
            """
        let error = #expect(throws: AllowList.Problems.self) { try AllowList(text: text) }
        #expect(error?.list.map(\.line) == [4, 5, 6, 7, 8, 9, 10])
    }

    @Test(
        "endpoints",
        arguments: [
            ("tcp://127.0.0.1:7700", true), ("tcp://*:7700", true), ("tcp://127.0.0.1:*", true),
            ("tcp://127.0.0.1:0", true),
            ("tcp://coordinator.example.org:1", true), ("tcp://[::1]:7700", true), ("tcp://[fe80::1%eth0]:65535", true),
            ("ipc:///run/postrider/workers", true),
            ("", false), ("tcp://", false), ("tcp://127.0.0.1", false), ("tcp://127.0.0.1:65536", false),
            ("tcp://127.0.0.1:-1", false), ("tcp://127.0.0.1:7700x", false), ("tcp://:7700", false),
            ("tcp://a b:7700", false), ("tcp://[::1:7700", false), ("tcp://[1]:1", false),
            ("tcp://127.0.0.1:1;127.0.0.1:2", false), ("tcp://eth0;127.0.0.1:7700", false), ("inproc://workers", false),
            ("pgm://127.0.0.1:7700", false), ("ws://127.0.0.1:7700", false), ("ipc://relative", false),
            ("ipc:///", false),
            ("ipc://@abstract", false), ("TCP://127.0.0.1:7700", false), ("tcp://127.0.0.1:7700\u{0}", false),
        ]
    )
    func endpoints(text: String, isEndpoint: Bool) {
        #expect(((try? Endpoint(text)) != nil) == isEndpoint)
    }
}

private func mode(_ path: String) throws -> Int {
    try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
}

private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("postrider-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.path)
}
