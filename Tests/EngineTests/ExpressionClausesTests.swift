import Engine
import Testing

@Suite("Parts of a condition")
struct ExpressionClausesTests {
    @Test(
        "a condition falls into the parts that all have to hold",
        arguments: [
            ("state = 'IA'", ["state = 'IA'"]), ("a and b", ["a", "b"]),
            ("age between 1 and 5 AND b", ["age between 1 and 5", "b"]),
            ("a and (b and c) and not d", ["a", "(b and c)", "not d"]),
            ("a and b or c", ["a and b or c"]), ("a and (b or c)", ["a", "(b or c)"]),
            ("a = 'x and y'\n  and\n  b = 'ü and'", ["a = 'x and y'", "b = 'ü and'"]), ("", [""]),
            ("a and", ["a and"]), ("a = 'open", ["a = 'open"]),
        ]
    )
    func parts(text: String, parts: [String]) {
        #expect(ExpressionClauses.split(text) == parts)
    }
}
