/// Postal codes and states of the United States and Canada, by what clocks show there.
///
/// Written from the public lists of three-digit ZIP prefixes (USPS Domestic Mail Manual, labeling list L002) and of the first letters of
/// Canadian postal codes, and from the zones of those places. A prefix that crosses a border of zones has both.
enum PostalCodes {
    /// Zones of a ZIP code, `12345`, `12345-6789`, or with its leading zeros lost to a spreadsheet.
    ///
    /// - Returns: `nil` for a text that is none, and for those of the military.
    static func american(_ text: Substring) -> [String]? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let rest = text.dropFirst(digits.count)
        guard (3...5).contains(digits.count) || digits.count == 9, rest.isEmpty || rest.first == "-" else { return nil }
        let whole = String(repeating: "0", count: max(0, 5 - digits.count)) + digits
        return Self.prefixes[String(whole.prefix(3))]
    }

    /// Zones of a Canadian postal code, `K1A 0B1`.
    static func canadian(_ text: Substring) -> [String]? {
        let form = Array(text.utf8)
        guard form.count >= 3, let letter = text.first?.uppercased(), (0x30...0x39).contains(form[1]),
            (form[2] | 0x20) >= 0x61, (form[2] | 0x20) <= 0x7A
        else { return nil }
        return Self.letters[letter]
    }

    /// Zones of a state or province by its two letters.
    static func region(_ text: Substring, of country: String) -> [String]? {
        (country == "CA" ? Self.provinces : Self.states)[text.uppercased()]
    }

    private static let prefixes = ZoneLines.table(
        """
        America/New_York: 005 010-212 214-299 300-323 326-339 341-349 374 376-379 398-400 402-418 425 430-459 569
        America/New_York,America/Chicago: 324 373 401 421 426 427
        America/Indiana/Indianapolis: 460-462 466-468 470-474 478
        America/Indiana/Indianapolis,America/Chicago: 463-465 469 475 476 479
        America/Detroit: 480-497
        America/Detroit,America/Menominee: 498 499
        America/Chicago: 325 350-372 375 380-397 420 422-424 477 500-567 570-574 580-584 587 600-676 679-689 700-797
        America/Chicago,America/Denver: 575 576 585 586 588 677 678 690-692 798
        America/Denver: 577 590-599 693 799 800-834 836 837 840-847 870-884 885
        America/Boise,America/Los_Angeles: 835 979
        America/Phoenix: 850-858 861-864
        America/Phoenix,America/Denver: 859 860 865
        America/Los_Angeles: 838 889-897 900-961 970-978 980-994
        America/Los_Angeles,America/Denver: 898
        America/Anchorage,America/Adak: 995-997
        America/Juneau,America/Metlakatla: 998 999
        Pacific/Honolulu: 968
        Pacific/Honolulu,Pacific/Pago_Pago: 967
        America/Puerto_Rico: 006-009
        Pacific/Guam,Pacific/Palau,Pacific/Port_Moresby,Pacific/Guadalcanal,Pacific/Kosrae,Pacific/Tarawa,Pacific/Kwajalein: 969
        """
    )

    private static let states = ZoneLines.table(
        """
        America/New_York: CT DE DC GA MA MD ME NC NH NJ NY OH PA RI SC VA VT WV
        America/New_York,America/Chicago: FL KY TN
        America/Detroit,America/Menominee: MI
        America/Indiana/Indianapolis,America/Chicago: IN
        America/Chicago: AL AR IA IL LA MN MO MS OK WI
        America/Chicago,America/Denver: KS ND NE SD TX
        America/Denver: CO MT NM UT WY
        America/Boise,America/Los_Angeles: ID OR
        America/Phoenix,America/Denver: AZ
        America/Los_Angeles: CA WA
        America/Los_Angeles,America/Denver: NV
        America/Anchorage,America/Juneau,America/Metlakatla,America/Adak: AK
        Pacific/Honolulu: HI
        America/Puerto_Rico: PR VI
        Pacific/Guam: GU MP
        Pacific/Pago_Pago: AS
        """
    )

    private static let provinces = ZoneLines.table(
        """
        America/St_Johns,America/Goose_Bay: NL
        America/Halifax: NS PE
        America/Moncton: NB
        America/Toronto,America/Halifax: QC
        America/Toronto,America/Winnipeg: ON
        America/Winnipeg: MB
        America/Regina,America/Edmonton: SK
        America/Edmonton: AB
        America/Vancouver,America/Edmonton,America/Phoenix: BC
        America/Whitehorse: YT
        America/Edmonton,America/Inuvik: NT
        America/Iqaluit,America/Rankin_Inlet,America/Edmonton,America/Winnipeg: NU
        """
    )

    private static let letters = ZoneLines.table(
        """
        America/St_Johns,America/Goose_Bay: A
        America/Halifax: B C
        America/Moncton: E
        America/Toronto,America/Halifax: G
        America/Toronto: H J K L M N
        America/Toronto,America/Winnipeg: P
        America/Winnipeg: R
        America/Regina,America/Edmonton: S
        America/Edmonton: T
        America/Vancouver,America/Edmonton,America/Phoenix: V
        America/Whitehorse: Y
        America/Edmonton,America/Inuvik,America/Iqaluit,America/Rankin_Inlet,America/Winnipeg: X
        """
    )
}
