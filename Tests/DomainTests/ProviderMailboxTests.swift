import Domain
import Testing

@Suite("Spellings of one mailbox")
struct ProviderMailboxTests {
    @Test(
        "what a provider delivers to one mailbox has one form, and nothing else has",
        arguments: [
            ("ann.lee@gmail.com", "annlee@gmail.com"), ("annlee@gmail.com", "annlee@gmail.com"),
            ("a.n.n.lee+news+x@gmail.com", "annlee@gmail.com"), ("ann.lee@googlemail.com", "annlee@gmail.com"),
            ("ann.lee+x@outlook.com", "ann.lee@outlook.com"), ("ann@hotmail.com", "ann@hotmail.com"),
            ("ann+x@live.com", "ann@live.com"), ("ann+x@msn.com", "ann@msn.com"),
            ("ann+x@me.com", "ann@icloud.com"), ("ann@mac.com", "ann@icloud.com"), ("ann@icloud.com", "ann@icloud.com"),
            ("ann+x@fastmail.com", "ann@fastmail.com"), ("ann+x@proton.me", "ann@proton.me"),
            ("ann+x@protonmail.com", "ann@protonmail.com"), ("ann+x@pm.me", "ann@pm.me"),
            // Others may mean other people by it.
            ("ann+x@example.org", "ann+x@example.org"), ("ann.lee@example.org", "ann.lee@example.org"),
            ("ann+x@mail.gmail.com", "ann+x@mail.gmail.com"), ("ann+x@gmail.com.example", "ann+x@gmail.com.example"),
            // Nothing would be left, or nobody can have it there.
            ("+x@gmail.com", "+x@gmail.com"), ("\"a b+c\"@gmail.com", "\"a b+c\"@gmail.com"),
            ("tel:15155550100", "tel:15155550100"), ("@gmail.com", "@gmail.com"), ("gmail.com", "gmail.com"), ("", ""),
        ]
    )
    func form(key: String, common: String) { #expect(ProviderMailbox.common(ofKey: key) == common) }
}
