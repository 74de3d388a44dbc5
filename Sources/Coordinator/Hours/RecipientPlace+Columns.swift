import Domain
import Storage
import TimeZones

extension RecipientPlace {
    /// SQL over the contact `c` of what says where somebody is, in the order of ``init(texts:)``.
    static func columns(among fields: [Field]) -> [String] {
        func first(of names: [String]) -> String {
            let columns = names.compactMap { name in fields.first { $0.name == name }?.printedExpression(in: "c") }
            return "coalesce(\((columns.map { "nullif(\($0), '')" } + ["''", "''"]).joined(separator: ", ")))"
        }
        return [
            "c.timezone", "c.phone", first(of: FieldNames.postalCode), first(of: FieldNames.state),
            first(of: FieldNames.country),
        ]
    }

    /// From the values of ``columns(among:)``.
    init(texts: [String]) {
        func text(_ index: Int) -> String { texts.indices.contains(index) ? texts[index] : "" }
        self.init(timezone: text(0), phone: text(1), postalCode: text(2), state: text(3), country: text(4))
    }
}
