import Testing

@testable import CLI

@Suite("Sample contacts")
struct SampleContactsTests {
    private func file(seed: UInt64, count: Int, rowsMax: Int) -> [UInt8] {
        var sample = SampleContacts(seed: seed, count: count)
        var file: [UInt8] = []
        while sample.write(rowsMax: rowsMax, into: &file) {}
        return file
    }

    @Test("one seed gives one list, in whatever pieces it is written")
    func seeds() {
        let list = self.file(seed: 1, count: 1_000, rowsMax: 1_000)
        #expect(self.file(seed: 1, count: 1_000, rowsMax: 7) == list)
        #expect(self.file(seed: 2, count: 1_000, rowsMax: 1_000) != list)
        #expect(list.count { $0 == 0x0A } == 1_001)
    }

    @Test("all domains are ones that nobody can own")
    func domains() {
        #expect(Set(SampleNames.inventedDomains).count == 194)
        let providers = SampleNames.providers.map { $0.domain }
        for domain in SampleNames.inventedDomains + providers {
            let text = String(decoding: domain, as: UTF8.self)
            #expect(text.hasSuffix(".example") || text.hasSuffix(".test"))
        }
    }
}
