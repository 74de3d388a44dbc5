import Domain
import Mail

/// Invented people, as columns for Postrider and as dictionaries for swift-mustache.
struct People {
    let fields: [Field]
    let columns: [FieldColumn]
    let dictionaries: [[String: String]]

    var count: Int { self.dictionaries.count }

    init(count: Int) {
        let firstNames = ["Ann", "Zoë", "José", "Li", "Omar"]
        let lastNames = ["Lee", "O'Brien", "Müller", "Khan & Sons", "Novák"]
        let cities = ["Des Moines", "Ames", "Waterloo, IA", "Cañon City"]
        let issues = ["jobs", "care", "schools"]
        let rows = (0..<count).map { number in
            [
                "email": "p\(number)@site\(number % 200).example",
                "first_name": firstNames[number % firstNames.count],
                "last_name": lastNames[number % lastNames.count],
                "city": cities[number % cities.count],
                "state": "IA",
                "zip": String(50_000 + number),
                "birth_date": "19\(40 + number % 60)-03-17",
                "visits": String(number % 50),
                "amount": "\(number).50",
                "issue": issues[number % issues.count],
                "phone": "+1515555\(1_000 + number)",
            ]
        }
        let names = rows.first.map { $0.keys.sorted() } ?? []
        self.dictionaries = rows
        self.fields = names.map { Field(name: $0, type: .text) }
        self.columns = names.map { name in FieldColumn(rows.map { $0[name] ?? "" }) }
    }
}
