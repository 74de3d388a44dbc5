/// A file that a public body hands out without a header: what its columns are.
///
/// Its rows have postal addresses, so a person without e-mail and telephone is a contact as well, known by the body's own number.
package struct Layout: Hashable, Sendable {
    /// What users call it.
    package let name: String
    /// What separates the cells.
    package let delimiter: UInt8
    /// Field names from the left.
    ///
    /// `phone_area_code` is put before `phone`.
    package let columns: [String]
    /// Whose numbers `external_id` has.
    package let idSystem: String
    /// The columns that have days.
    let days: Set<String>
    /// In which order those are written.
    let dayOrder: DayOrder?

    /// All layouts, by name.
    package static let all: [Self] = [.florida, .newYork]

    /// The layout of this name.
    package static func named(_ name: String) -> Self? { self.all.first { $0.name == name } }

    /// The voter extract of Florida's Division of Elections: 38 columns, separated by tabs.
    static let florida = Self(
        name: "florida",
        delimiter: ASCII.tab,
        columns: [
            "county_code", "external_id", "last_name", "name_suffix", "first_name", "middle_name",
            "public_records_exemption", "address_line_1", "address_line_2", "city", "state", "zip", "mailing_line_1",
            "mailing_line_2", "mailing_line_3", "mailing_city", "mailing_state", "mailing_zip", "mailing_country",
            "gender", "race", "birth_date", "registration_date", "party", "precinct", "precinct_group",
            "precinct_split", "precinct_suffix", "voter_status", "congressional_district", "house_district",
            "senate_district", "county_commission_district", "school_board_district", "phone_area_code", "phone",
            "phone_extension", "email",
        ],
        idSystem: "florida",
        days: ["birth_date", "registration_date"],
        dayOrder: .monthFirst
    )

    /// The voter file that New York's Board of Elections gives out: 47 columns, separated by commas, all in quotes.
    static let newYork = Self(
        name: "new_york",
        delimiter: ASCII.comma,
        columns: [
            "last_name", "first_name", "middle_name", "name_suffix", "house_number", "half_code", "pre_direction",
            "street_name", "post_direction", "apartment_type", "apartment", "address_nonstandard", "city", "zip",
            "zip4", "mailing_line_1", "mailing_line_2", "mailing_line_3", "mailing_line_4", "birth_date", "gender",
            "party", "other_party", "county_code", "election_district", "legislative_district", "town", "ward",
            "congressional_district", "senate_district", "assembly_district", "last_voted_date",
            "previous_year_voted", "previous_county", "previous_address", "previous_name", "county_voter_number",
            "registration_date", "voter_source", "id_required", "id_met", "voter_status", "reason_code",
            "inactive_date", "purge_date", "external_id", "voter_history",
        ],
        idSystem: "new_york",
        days: ["birth_date", "last_voted_date", "registration_date", "inactive_date", "purge_date"],
        dayOrder: nil
    )

    /// The layout of which a file has the rows that an import rejected.
    static func rejected(_ header: [String]) -> Self? {
        guard header.starts(with: RejectWriter.ownColumns) else { return nil }
        return Self.all.first { header.dropFirst(RejectWriter.ownColumns.count).elementsEqual($0.columns) }
    }

    /// The layout that a file's first row has, which then is no header.
    static func recognised(_ row: CSVMachine.Cells, _ delimiter: UInt8) -> Self? {
        func cell(_ index: Int) -> ArraySlice<UInt8> {
            row.bytes[(index == 0 ? 0 : Int(row.ends[index - 1]))..<Int(row.ends[index])]
        }
        switch (delimiter, row.ends.count) {
        case (ASCII.tab, Self.florida.columns.count):
            // A county's three letters, and the number that a voter gets.
            let (county, number) = (cell(0), cell(1))
            let fits = county.count == 3 && county.allSatisfy(\.isLetter) && number.count >= 6
            return fits && number.allSatisfy(\.isDigit) ? .florida : nil
        case (ASCII.comma, Self.newYork.columns.count):
            let number = cell(45)
            return number.starts(with: "NY".utf8) && number.dropFirst(2).allSatisfy(\.isDigit) && number.count > 2
                ? .newYork : nil
        default: return nil
        }
    }
}
