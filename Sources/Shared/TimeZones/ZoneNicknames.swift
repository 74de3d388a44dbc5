/// What programs and people call time zones, beside the names that the zones' files have.
///
/// Windows' names as CLDR maps them (windowsZones, territory 001), those of Rails, and abbreviations that mean one place only: `CST`,
/// `IST` and the like are not here, since a zone on the wrong side of the world is worse than none. A name that is
/// used for clocks with and without summer time has both zones.
enum ZoneNicknames {
    /// Zones by name, as ``ZoneSpellings/key(_:)`` makes it.
    static let zones: [String: [String]] = {
        var zones: [String: [String]] = [:]
        for (name, places) in Self.entries(Self.standardTimes) {
            zones[ZoneSpellings.key("\(name) standard time")] = places
            zones[ZoneSpellings.key("\(name) daylight time")] = places
            zones[ZoneSpellings.key("\(name) summer time")] = places
        }
        for (name, places) in Self.entries(Self.names) { zones[ZoneSpellings.key(name)] = places }
        return zones
    }()

    private static func entries(_ text: String) -> [(name: String, zones: [String])] {
        text.split(separator: "\n").flatMap { line -> [(name: String, zones: [String])] in
            let sides = line.split(separator: ":")
            guard sides.count == 2 else { return [] }
            let zones = sides[0].split(separator: ",").map(String.init)
            return sides[1].split(separator: ";").map { (name: String($0), zones: zones) }
        }
    }

    /// Windows' names without `Standard Time`.
    private static let standardTimes = """
        Etc/GMT+12: Dateline
        America/Adak: Aleutian
        Pacific/Honolulu: Hawaiian; Hawaii-Aleutian
        Pacific/Marquesas: Marquesas
        America/Anchorage: Alaskan; Alaska
        America/Los_Angeles: Pacific
        America/Phoenix: US Mountain
        America/Denver: Mountain
        America/Whitehorse: Yukon
        America/Guatemala: Central America
        America/Chicago: Central
        Pacific/Easter: Easter Island
        America/Regina: Canada Central
        America/Bogota: SA Pacific
        America/New_York: Eastern
        America/Port-au-Prince: Haiti
        America/Havana: Cuba
        America/Indiana/Indianapolis: US Eastern
        America/Grand_Turk: Turks and Caicos
        America/Asuncion: Paraguay
        America/Halifax: Atlantic
        America/Caracas: Venezuela
        America/Cuiaba: Central Brazilian
        America/La_Paz: SA Western
        America/Santiago: Pacific SA
        America/St_Johns: Newfoundland
        America/Araguaina: Tocantins
        America/Sao_Paulo: E. South America
        America/Cayenne: SA Eastern
        America/Argentina/Buenos_Aires: Argentina
        America/Nuuk: Greenland
        America/Montevideo: Montevideo
        America/Punta_Arenas: Magallanes
        America/Miquelon: Saint Pierre
        America/Bahia: Bahia
        Atlantic/Azores: Azores
        Atlantic/Cape_Verde: Cape Verde
        Europe/London: GMT; British
        Atlantic/Reykjavik: Greenwich
        Africa/Sao_Tome: Sao Tome
        Africa/Casablanca: Morocco
        Europe/Berlin: W. Europe
        Europe/Budapest: Central Europe
        Europe/Paris: Romance
        Europe/Warsaw: Central European
        Africa/Lagos: W. Central Africa
        Asia/Amman: Jordan
        Europe/Bucharest: GTB
        Asia/Beirut: Middle East
        Africa/Cairo: Egypt
        Europe/Chisinau: E. Europe
        Asia/Damascus: Syria
        Asia/Hebron: West Bank
        Africa/Johannesburg: South Africa
        Europe/Kyiv: FLE
        Asia/Jerusalem: Israel
        Africa/Juba: South Sudan
        Europe/Kaliningrad: Kaliningrad
        Africa/Khartoum: Sudan
        Africa/Tripoli: Libya
        Africa/Windhoek: Namibia
        Asia/Baghdad: Arabic
        Europe/Istanbul: Turkey
        Asia/Riyadh: Arab
        Europe/Minsk: Belarus
        Europe/Moscow: Russian; Moscow
        Africa/Nairobi: E. Africa
        Europe/Volgograd: Volgograd
        Asia/Tehran: Iran
        Asia/Dubai: Arabian
        Europe/Astrakhan: Astrakhan
        Asia/Baku: Azerbaijan
        Europe/Samara: Russia Time Zone 3
        Indian/Mauritius: Mauritius
        Europe/Saratov: Saratov
        Asia/Tbilisi: Georgian
        Asia/Yerevan: Caucasus
        Asia/Kabul: Afghanistan
        Asia/Tashkent: West Asia
        Asia/Qyzylorda: Qyzylorda
        Asia/Yekaterinburg: Ekaterinburg
        Asia/Karachi: Pakistan
        Asia/Kolkata: India
        Asia/Colombo: Sri Lanka
        Asia/Kathmandu: Nepal
        Asia/Bishkek: Central Asia
        Asia/Dhaka: Bangladesh
        Asia/Omsk: Omsk
        Asia/Yangon: Myanmar
        Asia/Bangkok: SE Asia
        Asia/Barnaul: Altai
        Asia/Hovd: W. Mongolia
        Asia/Krasnoyarsk: North Asia
        Asia/Novosibirsk: N. Central Asia
        Asia/Tomsk: Tomsk
        Asia/Shanghai: China
        Asia/Irkutsk: North Asia East
        Asia/Singapore: Singapore
        Australia/Perth: W. Australia; Australian Western
        Asia/Taipei: Taipei
        Asia/Ulaanbaatar: Ulaanbaatar
        Australia/Eucla: Aus Central W.
        Asia/Chita: Transbaikal
        Asia/Tokyo: Tokyo; Japan
        Asia/Pyongyang: North Korea
        Asia/Seoul: Korea
        Asia/Yakutsk: Yakutsk
        Australia/Adelaide: Cen. Australia
        Australia/Darwin: AUS Central
        Australia/Adelaide,Australia/Darwin: Australian Central
        Australia/Brisbane: E. Australia
        Australia/Sydney: AUS Eastern
        Australia/Brisbane,Australia/Sydney: Australian Eastern
        Pacific/Port_Moresby: West Pacific
        Australia/Hobart: Tasmania
        Asia/Vladivostok: Vladivostok
        Australia/Lord_Howe: Lord Howe
        Pacific/Bougainville: Bougainville
        Asia/Srednekolymsk: Russia Time Zone 10
        Asia/Magadan: Magadan
        Pacific/Norfolk: Norfolk
        Asia/Sakhalin: Sakhalin
        Pacific/Guadalcanal: Central Pacific
        Asia/Kamchatka: Russia Time Zone 11; Kamchatka
        Pacific/Auckland: New Zealand
        Pacific/Fiji: Fiji
        Pacific/Chatham: Chatham Islands
        Pacific/Tongatapu: Tonga
        Pacific/Apia: Samoa
        Pacific/Kiritimati: Line Islands
        """

    /// Names of zones that have no file of that name in their own region.
    private static let names = """
        UTC: Z; Coordinated Universal Time; Universal Time; Greenwich Mean Time
        Etc/GMT+12: International Date Line West
        Europe/Samara: Russia Time Zone 3
        Asia/Srednekolymsk: Russia Time Zone 10
        Asia/Kamchatka: Russia Time Zone 11
        America/Tijuana: Pacific Standard Time (Mexico); Pacific Daylight Time (Mexico)
        America/Mazatlan: Mountain Standard Time (Mexico); Mountain Daylight Time (Mexico)
        America/Mexico_City: Central Standard Time (Mexico); Central Daylight Time (Mexico); Guadalajara
        America/Cancun: Eastern Standard Time (Mexico); Eastern Daylight Time (Mexico)
        America/Los_Angeles: Pacific Time (US & Canada); Pacific Time; US Pacific; PT; PDT
        America/Denver: Mountain Time (US & Canada); Mountain Time; Mountain; MT; MDT
        America/Chicago: Central Time (US & Canada); Central Time; US Central; CT; CDT
        America/New_York: Eastern Time (US & Canada); Eastern Time; Eastern; ET; EDT
        America/New_York,America/Panama: EST
        America/Denver,America/Phoenix: MST
        America/Halifax: Atlantic Time (Canada); Atlantic Time; ADT
        America/St_Johns: Newfoundland; Newfoundland Time; NST; NDT
        America/Anchorage: Alaska; Alaska Time; AKST; AKDT
        Pacific/Honolulu: Hawaii; Hawaii Time; HST
        America/Phoenix: Arizona
        America/Regina: Saskatchewan
        America/Indiana/Indianapolis: Indiana (East)
        America/Guatemala: Central America
        America/Guayaquil: Quito
        America/Sao_Paulo: Brasilia; BRT; Brasilia Time
        America/Argentina/Buenos_Aires: Buenos Aires; ART
        America/Guyana: Georgetown
        America/Nuuk: Greenland
        Atlantic/South_Georgia: Mid-Atlantic
        Atlantic/Cape_Verde: Cape Verde Is.
        Europe/London: Edinburgh; British Time; UK Time
        Europe/Berlin: MEZ; MESZ; CEST; Central European Time; Mitteleuropäische Zeit
        Europe/Helsinki: EEST; Eastern European Time; Eastern European Standard Time; Eastern European Summer Time
        Europe/Lisbon: WEST; Western European Time; Western European Standard Time; Western European Summer Time
        Europe/Moscow: St. Petersburg; MSK; Moscow Time
        Europe/Zurich: Bern
        Africa/Lagos: West Central Africa; West Africa Time; WAT
        Africa/Nairobi: East Africa Time; EAT
        Africa/Maputo: Central Africa Time; CAT
        Africa/Johannesburg: Pretoria; SAST
        Asia/Dubai: Abu Dhabi; Gulf Standard Time
        Asia/Karachi: Islamabad; PKT
        Asia/Kolkata: Chennai; Mumbai; New Delhi; Delhi; Indian Standard Time
        Asia/Kathmandu: NPT
        Asia/Colombo: Sri Jayawardenepura
        Asia/Almaty: Astana
        Asia/Yekaterinburg: Ekaterinburg
        Asia/Ho_Chi_Minh: Hanoi
        Asia/Jakarta: WIB
        Asia/Makassar: WITA
        Asia/Jayapura: WIT
        Asia/Shanghai: Beijing; China Time
        Asia/Hong_Kong: HKT
        Asia/Singapore: SGT
        Asia/Manila: PHT; Philippine Time; Philippine Standard Time
        Asia/Tokyo: Osaka; Sapporo; JST; Japan Time
        Asia/Seoul: KST; Korea Time
        Australia/Perth: AWST
        Australia/Adelaide,Australia/Darwin: ACST
        Australia/Adelaide: ACDT
        Australia/Brisbane,Australia/Sydney: AEST
        Australia/Sydney: AEDT; Canberra
        Pacific/Pago_Pago: American Samoa
        Pacific/Midway: Midway Island
        Pacific/Guadalcanal: Solomon Is.
        Pacific/Noumea: New Caledonia
        Pacific/Majuro: Marshall Is.
        Pacific/Auckland: Wellington; NZST; NZDT; NZT
        Pacific/Tongatapu: Nuku'alofa
        Pacific/Fakaofo: Tokelau Is.
        Pacific/Chatham: Chatham Is.
        Pacific/Apia: Samoa
        """
}
