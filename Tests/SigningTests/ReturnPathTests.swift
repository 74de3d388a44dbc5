import Domain
import Signing
import Testing

@Suite struct ReturnPathTests {
    private static let key = ReturnPathKey(Array(0..<32))

    private static func address(_ target: TargetKey, key: ReturnPathKey = Self.key) -> String {
        let writer = ReturnPathWriter(
            campaign: target.campaign,
            key: key.campaignKey(target.campaign),
            local: "bounces",
            domain: "returns.example.org"
        )
        return writer.address(lane: UInt32(target.lane), position: UInt32(target.position))
    }

    private static let scan = ReturnPathScan(key: Self.key, local: "bounces", domain: "returns.example.org")

    private static func target(_ campaign: Int64, _ lane: Int, _ position: Int) -> TargetKey {
        TargetKey(campaign: Campaign.ID(campaign), lane: lane, position: position)
    }

    @Test("a return path names its message, in either case, and its local part has at most 64 bytes")
    func names() {
        let largest = Int(UInt32.max)
        for campaign in [1, 2, 127, 128, 16_384, Int64.max] {
            for (lane, position) in [(0, 0), (3, 41), (127, 128), (527, 1_000_000), (largest, largest)] {
                let target = Self.target(campaign, lane, position)
                let address = Self.address(target)
                #expect(Self.scan.look(at: address) == .target(target))
                #expect(Self.scan.look(at: address.uppercased()) == .target(target))
                #expect(address.prefix { $0 != "@" }.utf8.count <= 64)
                #expect(address == Self.address(target))
            }
        }
    }

    @Test("a token with any one character changed is not ours")
    func forged() throws {
        let address = Self.address(Self.target(7, 3, 41))
        let start = try #require(address.firstIndex(of: "+"))
        let end = try #require(address.firstIndex(of: "@"))
        let token = Array(address[address.index(after: start)..<end].utf8)
        for index in token.indices {
            for other in "abcdefghijklmnopqrstuvwxyz234567".utf8 where other != token[index] {
                var changed = token
                changed[index] = other
                #expect(Self.key.target(of: changed) == nil)
            }
        }
        for count in 0..<token.count { #expect(Self.key.target(of: token.prefix(count)) == nil) }
        #expect(Self.key.target(of: token + token) == nil)
        #expect(Self.key.target(of: token) == Self.target(7, 3, 41))
    }

    @Test("neither another installation's key nor that of another campaign makes a token of ours")
    func otherKeys() {
        let target = Self.target(7, 3, 41)
        #expect(Self.scan.look(at: Self.address(target, key: ReturnPathKey([1]))) == .forged)
        let writer = ReturnPathWriter(
            campaign: Campaign.ID(7),
            key: Self.key.campaignKey(Campaign.ID(8)),
            local: "bounces",
            domain: "returns.example.org"
        )
        #expect(Self.scan.look(at: writer.address(lane: 3, position: 41)) == .forged)
    }

    @Test(
        "other addresses are other addresses",
        arguments: [
            "bounces@returns.example.org", "complaints@returns.example.org", "bounces+abc@elsewhere.example", "",
            "bounces+", "@", "bounces+abc",
        ]
    )
    func others(address: String) { #expect(Self.scan.look(at: address) == .other) }

    @Test("a mail names the message whose return path stands anywhere in it, and forged ones are passed over")
    func inMail() {
        let target = Self.target(12, 0, 9)
        let forged = "bounces+aaaaaaaaaaaaaaaaaaaaaaaa@returns.example.org"
        let mail = "To: <\(forged)>\r\n\r\nReturn-Path: <\(Self.address(target).uppercased())>\r\n1+1\r\n"
        #expect(Self.scan.firstTarget(in: Array(mail.utf8)) == target)
        #expect(Self.scan.firstTarget(in: Array("To: <\(forged)>\r\n+".utf8)) == nil)
        #expect(Self.scan.firstTarget(in: []) == nil)
        // So that a mail cannot keep us busy.
        let many = String(repeating: "\(forged) ", count: ReturnPathScan.tokensMax) + Self.address(target)
        #expect(Self.scan.firstTarget(in: Array(many.utf8)) == nil)
    }
}
