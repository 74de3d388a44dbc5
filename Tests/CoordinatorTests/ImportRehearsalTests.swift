import Domain
import Foundation
import Intake
import Storage
import Testing

@testable import CoordinatorCore

@Suite("Imports that are only tried")
struct ImportRehearsalTests {
    @Test("a dry run says what the import then does, and does nothing of it", arguments: ConflictRule.allCases)
    func sameAsImport(policy: ConflictRule) async throws {
        let loop = try ImportLoopDouble()
        let known = "email,city,gift\nann@x.org,Ames,1.50\nbob@x.org,Boone,2\ncy@x.org,,3\n"
        _ = try await loop.importText(known, list: "a")
        let file =
            "Email,City,Visits,Phone\nANN@x.org,Adel,3,5155550100\ncy@x.org,Clive,4,\ndora@x.org,Dows,5,\n"
            + "bob@x.org,Boone,,\nnobody,x,1,\ndora@x.org,Delhi,6,\n"
        let request = ImportRequest(file: "b.csv", list: "b", source: "b", basis: "contract", onConflict: policy)
        let (before, writes) = (try loop.export(), loop.writes)
        let trial = try await loop.rehearse(Array(file.utf8), request)
        #expect(try loop.export() == before)
        #expect(loop.writes == writes)
        #expect(try loop.integer("SELECT count(*) FROM import") == 1)
        #expect(try loop.integer("SELECT count(*) FROM list WHERE name = 'b'") == 0)
        let files = try FileManager.default.contentsOfDirectory(atPath: loop.folder)
        #expect(!files.contains { $0.hasPrefix("scratch") })
        #expect(trial.id == nil)
        #expect(trial.dryRun?.newFields == ["visits"])

        let done = try await loop.importBytes(Array(file.utf8), request)
        #expect(Self.counts(trial) == Self.counts(done))
        #expect(trial.fields == done.fields)
        #expect(trial.firstRejects == done.firstRejects)
        #expect(done.dryRun == nil)
        // What it said of each field is what is another value now.
        let changed = trial.dryRun?.changed.map { "\($0.field) \($0.contacts)" } ?? []
        switch policy {
        case .keep: #expect(changed.isEmpty)
        case .merge: #expect(changed == ["phone 1", "city 2", "visits 2"])
        case .replace: #expect(changed == ["email 1", "phone 1", "city 2", "visits 2"])
        }
        guard policy == .merge else { return }
        let first = try #require(trial.dryRun?.examples.first { $0.field == "city" })
        #expect(first.address == "ann@x.org" && first.before == "Ames" && first.after == "Adel")
    }

    private static func counts(_ answer: ImportAnswer) -> [Int] {
        [answer.rows, answer.created, answer.updated, answer.unchanged, answer.rejected, answer.warnings]
    }

    @Test("ids of two systems that meet are seen: contacts that would become other people are counted, others are not")
    func otherPeople() async throws {
        let loop = try ImportLoopDouble()
        let system = "email,first_name,last_name,id\n"
        _ = try await loop.importText(system + "ann@x.org,Ann,Lee,17\nbob@x.org,Bob,Ray,18\ncy@x.org,Cy,Poe,19\n")
        // 17 is another person; 18 has another address, 19 another name.
        let file = Array((system + "zoe@y.org,Zoe,Ash,17\nbob@y.org,Bob,Ray,18\ncy@x.org,Cyd,Fox,19\n").utf8)
        let trial = try await loop.rehearse(file, ImportRequest(file: "b.csv", source: "b", onConflict: .merge))
        #expect(trial.dryRun?.otherPeople == 1)
        #expect(trial.created == 0)
        // Said whose the ids are, nobody is taken for anybody else.
        let named = ColumnMap(idSystem: "fair")
        let request = ImportRequest(file: "b.csv", source: "b", onConflict: .merge, map: named)
        let apart = try await loop.rehearse(file, request)
        #expect(apart.dryRun?.otherPeople == 0)
        #expect(apart.created == 2)
    }

    @Test("whoever is known by telephone or by an id is found there too")
    func otherwiseKnown() async throws {
        let loop = try ImportLoopDouble()
        _ = try await loop.importText("phone,email,external_id\n5155550100,,\n5155550101,b@x.org,\n,c@x.org,7\n")
        let file = "phone,email,external_id\n515-555-0100,a@x.org,\n+1 515 555 0101,,\n,d@x.org,7\n,e@x.org,8\n"
        let request = ImportRequest(file: "b.csv", source: "b", onConflict: .merge)
        let trial = try await loop.rehearse(Array(file.utf8), request)
        let done = try await loop.importBytes(Array(file.utf8), request)
        #expect(Self.counts(trial) == Self.counts(done))
        #expect(done.created == 1)
    }

    @Test("whoever has a number when the first who had it has another is found, too")
    func numbersThatMove() async throws {
        let loop = try ImportLoopDouble()
        _ = try await loop.importText("email,id,phone\na@x.org,735,5155558039\nb@x.org,741,+15155558039\n")
        let file = "id,phone,x\n735,5155558024,1\n,5155558039,z\n"
        let request = ImportRequest(file: "b.csv", source: "b", onConflict: .merge)
        let trial = try await loop.rehearse(Array(file.utf8), request)
        let done = try await loop.importBytes(Array(file.utf8), request)
        #expect(Self.counts(trial) == Self.counts(done))
        #expect(done.updated == 2)
    }

    @Test("a file that would be refused is refused")
    func refused() async throws {
        let loop = try ImportLoopDouble()
        await #expect(throws: OperationError.self) {
            try await loop.rehearse(Array("name\nAnn\n".utf8), ImportRequest(file: "b.csv", onConflict: .merge))
        }
    }
}
