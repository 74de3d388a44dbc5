/// A value that must not be seen: its descriptions, reflections and dumps are redacted.
package struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let value: String

    package init(_ value: String) { self.value = value }

    /// The value itself.
    ///
    /// Each call is a place where it can leak; there should be few.
    package func reveal() -> String { self.value }

    package var description: String { "(secret)" }
    package var debugDescription: String { self.description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
