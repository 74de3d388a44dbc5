import Transport

/// Why the coordinator does not start: what is wrong, and what to do about it.
struct StartProblem: Error, Hashable {
    /// What it is about, as in ``Finding/check``.
    let check: String
    /// One sentence with the place.
    let problem: String
    /// Empty where the sentence says it.
    let remedy: String

    init(_ check: String, _ problem: String, remedy: String) {
        self.check = check
        self.problem = problem
        self.remedy = remedy
    }

    /// A problem that says what to do by itself.
    init(text: String) { self.init("settings", text, remedy: "") }

    /// All of it, for the log.
    var text: String {
        self.remedy.isEmpty || self.problem.contains(self.remedy) ? self.problem : "\(self.problem); \(self.remedy)"
    }
}

extension Finding {
    /// What the start would refuse with.
    init(_ problem: StartProblem) {
        let remedy = problem.remedy.isEmpty ? "mend that; the coordinator does not start so" : problem.remedy
        self = .wrong(problem.check, problem.problem, remedy: remedy)
    }
}
