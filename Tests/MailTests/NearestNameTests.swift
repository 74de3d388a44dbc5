import Domain
import Testing

@Suite struct NearestNameTests {
    @Test(
        "a slip finds the name that was meant, and a different word finds none",
        arguments: [
            ("frist_name", "first_name"), ("first_nam", "first_name"), ("firstname", "first_name"),
            ("First_Name", "first_name"), ("mail", "email"), ("cty", "city"), ("county", nil), ("zip", nil),
            ("x", nil), ("", nil), ("name.first", nil),
        ] as [(String, String?)]
    )
    func nearest(name: String, expected: String?) {
        #expect(nearestName(to: name, in: ["first_name", "last_name", "email", "city"]) == expected)
    }

    @Test("the first of equally near names is taken")
    func tie() {
        #expect(nearestName(to: "bat", in: ["cat", "hat"]) == "cat")
    }

    @Test("a text longer than any name is not compared")
    func long() {
        let text = String(repeating: "a", count: 100_000)
        #expect(nearestName(to: text, in: [text]) == nil)
    }
}
