import Domain
import UserFiles

/// Laws of the files that users write: whatever is in them, they are read, or every problem has its place.
enum FileLaws {
    static func checkCampaign(_ bytes: [UInt8]) throws {
        let source = String(decoding: bytes, as: UTF8.self)
        do {
            let files = ["jobs.txt": "Work in {{city}}\n", "jobs.html": "<p>{{city}}"]
            let campaign = try CampaignFile.parse(source, fileName: "c.yaml", files: files)
            try law((1...CampaignFile.variantsMax).contains(campaign.variants.count), "a campaign has variants")
            try law(campaign.headers.count <= CampaignFile.headersMax, "headers are bounded")
            try law((1...CampaignFile.nameLengthMax).contains(campaign.name.count), "a campaign has a name")
            for variant in campaign.variants {
                try law(variant.text != nil || variant.html != nil, "a variant has a part")
                try law((1...CampaignVariant.weightMax).contains(variant.weight), "a weight is in its range")
                for text in [variant.subject, variant.text, variant.html].compactMap({ $0 }) {
                    let problem = text.diagnostic(line: 2, column: 3, "x")
                    try law(problem.line >= 1, "a place in a template is one in its file: \(problem)")
                }
            }
        } catch let problems as FileProblems {
            try Self.check(problems, source)
        }
        do { _ = try CampaignSource.referencedFiles(in: source, fileName: "c.yaml") } catch let problems {
            try Self.check(problems, source)
        }
    }

    static func checkSettings(_ bytes: [UInt8]) throws {
        let source = String(decoding: bytes, as: UTF8.self)
        do {
            let environment = ["NAME": "value", "EMPTY": ""]
            let settings = try Settings.parse(source, file: "p.yaml", folder: "/srv/p", environment: environment)
            try law(settings.dataFolder.hasPrefix("/"), "a folder is absolute: \(settings.dataFolder)")
            try law((1...Settings.relaysMax).contains(settings.relays.count), "there is a relay")
            try law((1...1_024).contains(settings.worker.connections), "connections are in their range")
        } catch let problems as FileProblems {
            try Self.check(problems, source)
        }
        do { _ = try ScenarioFile.parse(source, file: "s.yaml") } catch let problems {
            try Self.check(problems, source)
        }
    }

    private static func check(_ problems: FileProblems, _ source: String) throws {
        try law(!problems.diagnostics.isEmpty, "a refusal says why")
        // YAML ends lines with more than LF: every byte that could be part of a line end counts as one.
        let lineCount = 2 + source.utf8.count { $0 == 10 || $0 == 13 || $0 >= 0x80 }
        for problem in problems.diagnostics {
            try law((0...lineCount).contains(problem.line), "a problem's line is in the file: \(problem)")
            try law(!problem.message.isEmpty && problem.column >= 0, "a problem is said: \(problem)")
        }
    }
}
