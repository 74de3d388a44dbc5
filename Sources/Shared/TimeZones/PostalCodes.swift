/// Postal codes and states of the United States and Canada, by what clocks show there.
///
/// Written from the public lists of three-digit ZIP prefixes (USPS Domestic Mail Manual, labeling list L002) and of the first letters of
/// Canadian postal codes, and from the zones of those places. A prefix that crosses a border of zones has both.
enum PostalCodes {
    /// Zones of a ZIP code, `12345`, `12345-6789`, or with its leading zeros lost to a spreadsheet.
    ///
    /// - Returns: `nil` for a text that is none. A ZIP code of the military has the zones of all places where such mail goes.
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

    /// The territory, with a country code of its own, that a postal code of a country belongs to.
    ///
    /// - Parameters:
    ///   - text: `97400`, also as `F-97400` or `97 400`.
    ///   - country: ISO 3166-1.
    /// - Returns: `nil` for a code of the country itself, and of those that have no such territories.
    static func territory(_ text: String, of country: String) -> String? {
        guard let territories = Self.territories[country] else { return nil }
        let digits = text.filter { $0.isASCII && $0.isNumber }
        return territories.first { $0.digits == digits.utf8.count && digits.hasPrefix($0.prefix) }?.code
    }

    /// By country: how codes of its territories begin, how long they are, and whose they are.
    ///
    /// What is inside the country's own zones is not here: the Canaries, the Azores and Madeira have Spain's and Portugal's.
    private static let territories: [String: [(prefix: String, digits: Int, code: String)]] = [
        "FR": [
            ("971", 5, "GP"), ("972", 5, "MQ"), ("973", 5, "GF"), ("974", 5, "RE"), ("975", 5, "PM"), ("976", 5, "YT"),
            ("977", 5, "BL"), ("978", 5, "MF"), ("984", 5, "TF"), ("986", 5, "WF"), ("987", 5, "PF"), ("988", 5, "NC"),
        ],
        "DK": [("39", 4, "GL"), ("1", 3, "FO"), ("2", 3, "FO"), ("3", 3, "FO"), ("4", 3, "FO")],
        "AU": [("6798", 4, "CX"), ("6799", 4, "CC"), ("2899", 4, "NF")],
    ]

    private static let prefixes = ZoneLines.table(
        """
        America/New_York: 005 010-089 100-212 214-299 300-323 326-339 341-349 374 376-379 398-400 402-418 425 430-459 569
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
        America/Tegucigalpa,America/New_York,America/Puerto_Rico,America/Sao_Paulo: 340
        Atlantic/Azores,Europe/London,Europe/Berlin,Europe/Istanbul,Asia/Dubai: 090-092 094-096 099
        Europe/London,Europe/Berlin,Europe/Istanbul,Asia/Dubai,Asia/Karachi: 093 098
        America/Thule,Atlantic/Azores,Europe/London,Europe/Berlin,Europe/Istanbul,Asia/Dubai: 097
        Asia/Bangkok,Asia/Singapore,Asia/Tokyo,Australia/Sydney,Pacific/Auckland: 962-965
        America/Los_Angeles,Pacific/Honolulu,Pacific/Guam,Asia/Tokyo,Asia/Singapore: 966
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
        Pacific/Palau: PW
        Pacific/Port_Moresby,Pacific/Guadalcanal,Pacific/Kosrae: FM
        Pacific/Tarawa,Pacific/Kwajalein: MH
        America/Tegucigalpa,America/New_York,America/Puerto_Rico,America/Sao_Paulo: AA
        Atlantic/Azores,Europe/London,Europe/Berlin,Europe/Istanbul,Asia/Dubai,Asia/Karachi: AE
        America/Los_Angeles,Pacific/Honolulu,Pacific/Guam,Asia/Tokyo,Asia/Singapore: AP
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
