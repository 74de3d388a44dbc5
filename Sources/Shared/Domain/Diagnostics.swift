/// Several problems at once, at least one of them an error: what a reader of a user's text throws.
package struct Diagnostics: Error, Hashable, Sendable {
    package let diagnostics: [Diagnostic]

    package init(_ diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }
}
