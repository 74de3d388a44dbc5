import Domain
import Testing

@testable import CoordinatorCore

@Suite("Words of a file that nobody could read")
struct ImportUnclearTests {
    @Test("time zones and countries that cannot be read are counted and named, dry or not, and those that can are not")
    func places() async throws {
        let loop = try ImportLoopDouble()
        let file = """
            email,Time Zone,Country
            a@x.org,europe/berlin,Atlantis
            b@x.org,UTC+05:30,
            c@x.org,Pacific Standard Time,US
            d@x.org,Nowhere/Land,DEU
            e@x.org,,Republic of Korea
            f@x.org,n/a,Atlantis
            g@x.org,Nowhere/Land,Utopia
            h@x.org,,Atlantis

            """
        let request = ImportRequest(file: "people.csv", source: "fair", onConflict: .merge)
        let trial = try await loop.rehearse(Array(file.utf8), request)
        let answer = try await loop.importText(file, pieceBytes: 17)
        #expect(answer.created == 8)
        #expect(
            answer.unclear.map { "\($0.column) \($0.about) \($0.rows) \($0.examples)" } == [
                #"Time Zone timezone 2 ["Nowhere/Land"]"#, #"Country country 3 ["Atlantis", "Utopia"]"#,
            ]
        )
        #expect(answer.warnings == 5)
        #expect(answer.warnedColumns.map { "\($0.column ?? "") \($0.warnings)" } == ["Time Zone 2", "Country 3"])
        #expect(answer.firstWarnings.first?.line == 5 && answer.firstWarnings.first?.column == 2)
        #expect(answer.firstWarnings.first?.reason == "'Nowhere/Land' is no time zone that is known")
        #expect(trial.unclear == answer.unclear && trial.warnings == answer.warnings)
        #expect(try await loop.importText("email\ni@x.org\n").unclear.isEmpty)
    }
}
