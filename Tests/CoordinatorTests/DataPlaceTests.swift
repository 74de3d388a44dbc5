import Domain
import Engine
import Foundation
import Testing

@testable import CoordinatorCore

@Suite("The data folder as a place")
struct DataPlaceTests {
    /// A folder with a marker in it, removed with its owner.
    private final class Folder {
        let base = FileManager.default.temporaryDirectory.appendingPathComponent("postrider-\(UUID().uuidString)").path
        var path: String { "\(self.base)/data" }

        init() throws { try FileManager.default.createDirectory(atPath: self.path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: self.base) }

        func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: self.path).sorted() }

        /// `cp -a`.
        func copy(_ from: String, to: String) throws {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/cp")
            process.arguments = ["-a", from, to]
            try process.run()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
        }
    }

    @Test("a marker replaces the one before, and is known again")
    func writes() throws {
        let folder = try Folder()
        let place = try DataPlace(folder: folder.path)
        #expect(place.found.marker == nil)
        try place.writeMarker(Epoch(5))
        try place.writeMarker(Epoch(64))
        #expect(try folder.names() == [PlaceCheck.markerName(of: Epoch(64))])
        let again = try DataPlace(folder: folder.path)
        #expect(again.found.marker == .init(epoch: Epoch(64), isOriginal: true))
        #expect(again.found.place == place.found.place)
    }

    @Test("what a crash left half written is no marker, and is in nobody's way")
    func leftover() throws {
        let folder = try Folder()
        try Data("half".utf8).write(to: URL(fileURLWithPath: "\(folder.path)/marker.new"))
        let place = try DataPlace(folder: folder.path)
        #expect(place.found.marker == nil)
        try place.writeMarker(Epoch(1))
        #expect(try folder.names() == [PlaceCheck.markerName(of: Epoch(1))])
    }

    @Test("a copied folder is another one, and its marker a copy")
    func copied() throws {
        let folder = try Folder()
        let place = try DataPlace(folder: folder.path)
        try place.writeMarker(Epoch(5))
        try folder.copy(folder.path, to: "\(folder.base)/copy")
        let copy = try DataPlace(folder: "\(folder.base)/copy")
        #expect(!copy.found.place.folder.isSame(as: place.found.place.folder))
        #expect(copy.found.marker == .init(epoch: Epoch(5), isOriginal: false))
    }

    @Test("a folder removed and restored at its old path is another one, whatever its number")
    func restored() throws {
        let folder = try Folder()
        let place = try DataPlace(folder: folder.path)
        try place.writeMarker(Epoch(5))
        try folder.copy(folder.path, to: "\(folder.base)/backup")
        try FileManager.default.removeItem(atPath: folder.path)
        try folder.copy("\(folder.base)/backup", to: folder.path)
        let back = try DataPlace(folder: folder.path)
        let isSame = back.found.place.folder.isSame(as: place.found.place.folder)
        // Where the file system knows no times of making, the number may be the same by chance.
        #expect(!isSame || place.found.place.folder.birth == 0)
        #expect(back.found.marker?.isOriginal == false || place.found.place.folder.birth == 0)
    }

    @Test("a backup laid over the folder leaves the newer marker standing")
    func laidOver() throws {
        let folder = try Folder()
        let place = try DataPlace(folder: folder.path)
        try place.writeMarker(Epoch(5))
        try folder.copy(folder.path, to: "\(folder.base)/backup")
        try place.writeMarker(Epoch(70))
        try folder.copy("\(folder.base)/backup/.", to: folder.path)
        #expect(try DataPlace(folder: folder.path).found.marker?.epoch == Epoch(70))
    }

    @Test("a renamed folder is the same")
    func renamed() throws {
        let folder = try Folder()
        let place = try DataPlace(folder: folder.path)
        try place.writeMarker(Epoch(5))
        try FileManager.default.moveItem(atPath: folder.path, toPath: "\(folder.base)/moved")
        let moved = try DataPlace(folder: "\(folder.base)/moved")
        #expect(moved.found.place.folder == place.found.place.folder)
        #expect(moved.found.marker?.isOriginal == true)
    }
}
