/// What `--help` says of a command below its first line.
enum HelpText {
    /// Some sentences, then lines to copy.
    ///
    /// Tests/EndToEnd/test_help.py runs every line, so they must work.
    ///
    /// - Parameters:
    ///   - sentences: What the command's first line does not say; may be empty.
    ///   - examples: At least one line that begins with the program's name, at most 77 columns long: longer ones are wrapped where there
    ///     is no terminal. The campaign is `c1`.
    /// - Returns: Text for `CommandConfiguration.discussion`.
    static func with(_ sentences: String = "", examples: String...) -> String {
        let lines = examples.map { "  \($0)" }
        let head = sentences.isEmpty ? [] : [sentences, ""]
        return (head + ["Example:"] + lines).joined(separator: "\n")
    }
}
