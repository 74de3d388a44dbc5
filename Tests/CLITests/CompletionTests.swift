import ArgumentParser
import Foundation
import Testing

@testable import CLI

@Suite("Completion in shells")
struct CompletionTests {
    /// A command as the argument parser tells of it.
    private struct Told: Decodable {
        struct Argument: Decodable {
            struct Completion: Decodable {
                struct Nothing: Decodable {}
                let file: Nothing?
                let directory: Nothing?
                let list: Nothing?
            }
            let kind: String
            let valueName: String?
            let completionKind: Completion?
        }
        let commandName: String
        let arguments: [Argument]?
        let subcommands: [Told]?

        /// Everything that takes a value, here and below.
        var values: [(command: String, argument: Argument)] {
            (self.arguments ?? []).filter { $0.kind != "flag" }.map { (self.commandName, $0) }
                + (self.subcommands ?? []).flatMap(\.values)
        }
    }

    private static func values() throws -> [(command: String, argument: Told.Argument)] {
        struct Root: Decodable { let command: Told }
        return try JSONDecoder().decode(Root.self, from: Data(PostriderCommand._dumpHelp().utf8)).command.values
    }

    @Test("whatever takes a file or a folder completes files or folders")
    func files() throws {
        let values = try Self.values()
        let named = values.filter { ["file", "files", "path", "folder"].contains($0.argument.valueName ?? "") }
        #expect(named.count > 100)
        for (command, argument) in named {
            let completion = argument.completionKind
            let isFound = argument.valueName == "folder" ? completion?.directory != nil : completion?.file != nil
            #expect(isFound, "\(command) \(argument.valueName ?? "")")
        }
    }

    @Test("each shell's script has them all")
    func scripts() throws {
        let values = try Self.values()
        let files = values.filter { $0.argument.completionKind?.file != nil }.count
        let folders = values.filter { $0.argument.completionKind?.directory != nil }.count
        let lists = values.filter { $0.argument.completionKind?.list != nil }.count
        func count(_ pattern: String, in shell: CompletionShell) -> Int {
            PostriderCommand.completionScript(for: shell).components(separatedBy: pattern).count - 1
        }
        #expect(count("add_completions -f\n", in: .bash) == files)
        #expect(count("add_completions -d\n", in: .bash) == folders)
        #expect(count("add_completions -W ", in: .bash) == lists)
        #expect(count(":_files'", in: .zsh) == files)
        #expect(count(":_files -/'", in: .zsh) == folders)
        #expect(count(":{__postrider_complete ", in: .zsh) == lists)
        #expect(count(" -rF\n", in: .fish) + count(" -F\n", in: .fish) == files)
        #expect(lists >= 15)
    }

    @Test(
        "a real bash completes files, folders and values",
        .enabled(if: FileManager.default.isExecutableFile(atPath: "/bin/bash"), "bash is missing"),
        arguments: [
            ("campaign submit cau", ["caucus.yaml"]), ("up --config cau", ["caucus.yaml"]),
            ("contacts import peo", ["people"]), ("init --dir peo", ["people"]), ("init --dir cau", []),
            ("bounces classify caucus.yaml cau", ["caucus.yaml"]),
            ("campaign retry c1 --outcome ", ["bounced", "failed", "expired", "deferred"]),
            ("campaign targets c1 --outcome in", ["in_doubt"]), ("campaign report c1 --by s", ["site"]),
            ("token add ann --role ", ["viewer", "operator", "approver", "admin"]),
            ("contacts import people --channels em", ["email"]), ("contacts import people --layout f", ["florida"]),
            ("contacts import people --basis con", ["consent", "contract"]),
        ] as [(String, [String])]
    )
    func bash(line: String, expected: [String]) throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        try folder.write("caucus.yaml", "")
        try folder.write("script", PostriderCommand.completionScript(for: .bash))
        try FileManager.default.createDirectory(atPath: "\(folder.path)/people", withIntermediateDirectories: false)
        try folder.write(
            "ask",
            """
            source ./script
            IFS=' ' read -r -a COMP_WORDS <<< "$1"
            [ "${1%' '}" = "$1" ] || COMP_WORDS+=('')
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE="$1" COMP_POINT=${#1}
            _postrider postrider "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
            printf '%s\\n' "${COMPREPLY[@]}"

            """
        )
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["--norc", "--noprofile", "ask", "postrider \(line)"]
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let said = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(String(decoding: said, as: UTF8.self).split(separator: "\n").map(String.init) == expected)
    }
}
