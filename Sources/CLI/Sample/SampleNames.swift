/// Words that sample contacts are made of.
///
/// The people do not exist; invented mail domains end in names reserved for tests (RFC 2606).
enum SampleNames {
    /// A name as it is written, and as it stands in an address.
    struct Name {
        let text: [UInt8]
        let ascii: [UInt8]

        /// - Parameter entry: `Name`, or `Name=ascii` where lower-casing is not enough.
        init(_ entry: Substring) {
            let parts = entry.split(separator: "=")
            self.text = Array(parts[0].utf8)
            self.ascii = Array((parts.count > 1 ? String(parts[1]) : parts[0].lowercased()).utf8)
        }
    }

    /// A place with the first three digits of its ZIP codes.
    struct Place {
        let city: [UInt8]
        let state: [UInt8]
        let zipPrefix: [UInt8]

        /// - Parameter entry: `City/ST/zip`.
        init(_ entry: Substring) {
            let parts = entry.split(separator: "/")
            self.city = Array(parts[0].utf8)
            self.state = Array(parts[1].utf8)
            self.zipPrefix = Array(parts[2].utf8)
        }
    }

    static let firstNames = Self.lines(
        """
        Mary James Patricia Robert Jennifer John Linda Michael Elizabeth David Barbara William Susan Richard Jessica
        Joseph
        Sarah Thomas Karen Charles Lisa Christopher Nancy Daniel Betty Matthew Sandra Anthony Ashley Mark Emily
        Donald Kimberly
        Steven Donna Paul Michelle Andrew Carol Joshua Amanda Kenneth Melissa Kevin Deborah Brian Stephanie George
        Rebecca
        Timothy Sharon Ronald Laura Edward Cynthia Jason Dorothy Jeffrey Amy Ryan Kathleen Jacob Angela Gary Shirley
        Nicholas
        Emma Eric Brenda Jonathan Pamela Stephen Nicole Larry Anna Justin Samantha Scott Katherine Brandon Christine
        Benjamin
        Debra Samuel Rachel Gregory Carolyn Alexander Janet Patrick Maria Frank Olivia Raymond Heather Jack Helen
        Dennis Aisha
        José=jose María=maria Ángel=angel Sofía=sofia Zoë=zoe Jürgen=jurgen Björn=bjorn Chloé=chloe Renée=renee
        Łukasz=lukasz
        Agnieszka Siân=sian Søren=soren Nguyễn=nguyen Thảo=thao Mei Wei Priya Arjun Fatima Omar Ximena Joaquín=joaquin
        Anaïs=anais D'Andre=dandre Tamika Malik Keisha Darnell Imani Kiran Yuki Hana Élodie=elodie Günther=gunther
        Inès=ines
        """
    ).map(Name.init)

    static let lastNames = Self.lines(
        """
        Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez Wilson
        Anderson
        Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark Ramirez Lewis Robinson
        Walker Young
        Allen King Wright Scott Torres Nguyen Hill Flores Green Adams Nelson Baker Hall Rivera Campbell Mitchell
        Carter Roberts
        Gomez Phillips Evans Turner Diaz Parker Cruz Edwards Collins Reyes Stewart Morris Morales Murphy Cook Rogers
        Gutierrez
        Ortiz Morgan Cooper Peterson Bailey Reed Kelly Howard Ramos Kim Cox Ward Richardson Watson Brooks Chavez
        Wood James
        Bennett Gray Mendoza Ruiz Hughes Price Alvarez Castillo Sanders Patel Myers Long Ross Foster Jimenez
        Washington Freeman
        O'Brien=obrien O'Connor=oconnor McDonald=mcdonald Müller=muller Schröder=schroeder Núñez=nunez Muñoz=munoz
        Peña=pena
        Ibáñez=ibanez Łukasiewicz=lukasiewicz Kowalczyk Dvořák=dvorak Novák=novak Sørensen=sorensen Åkesson=akesson
        Grünwald=gruenwald François=francois Lefèvre=lefevre Nguyễn=nguyen Trần=tran Yılmaz=yilmaz
        Smith-Jones=smith-jones
        """
    ).map(Name.init)

    /// The first four fifths of the draws fall on the first half.
    static let places = Self.lines(
        """
        Des_Moines/IA/503 Cedar_Rapids/IA/524 Davenport/IA/528 Iowa_City/IA/522 Ames/IA/500 Dubuque/IA/520
        Sioux_City/IA/511
        Manchester/NH/031 Nashua/NH/030 Concord/NH/033 Portsmouth/NH/038 Las_Vegas/NV/891 Reno/NV/895 Henderson/NV/890
        Columbia/SC/292 Charleston/SC/294 Greenville/SC/296 Detroit/MI/482 Grand_Rapids/MI/495 Lansing/MI/489
        Milwaukee/WI/532
        Madison/WI/537 Philadelphia/PA/191 Pittsburgh/PA/152 Phoenix/AZ/850 Tucson/AZ/857 Atlanta/GA/303 Savannah/GA/314
        Boston/MA/021 Worcester/MA/016 Newark/NJ/071 Hartford/CT/061 Portland/ME/041 Burlington/VT/054 Providence/RI/029
        Minneapolis/MN/554 Saint_Paul/MN/551 Columbus/OH/432 Cleveland/OH/441 Raleigh/NC/276 Charlotte/NC/282
        Austin/TX/787
        El_Paso/TX/799 Española/NM/875 Peñasco/NM/875 Cañon_City/CO/812 Coeur_d'Alene/ID/838 Winston-Salem/NC/271
        Omaha/NE/681
        """
    ).map { Place($0.replacing("_", with: " ")[...]) }

    static let issues = Self.lines("jobs care climate schools housing").map { Array($0.utf8) }

    /// Providers like those that most people use, with their share in thousandths; the rest spreads over smaller domains.
    ///
    /// Their names cannot be owned, either (RFC 2606): a sample list that is sent to a real relay reaches nobody.
    static let providers: [(domain: [UInt8], share: Int)] = [
        (Array("gmail.example".utf8), 350), (Array("yahoo.example".utf8), 120), (Array("outlook.example".utf8), 80),
        (Array("hotmail.example".utf8), 75), (Array("icloud.example".utf8), 70), (Array("aol.example".utf8), 45),
    ]

    /// 194 domains that nobody can own.
    static let inventedDomains: [[UInt8]] = {
        let first = Self.lines(
            "prairie river maple granite harbor sunset valley copper cedar summit meadow lakeside union main"
        )
        let second = Self.lines("mail post net inbox letters home works college clinic press farm shop labs office")
        var domains: [[UInt8]] = []
        for (column, right) in second.enumerated() {
            for (row, left) in first.enumerated() {
                domains.append(Array("\(left)\(right).\((row + column) % 3 == 0 ? "test" : "example")".utf8))
            }
        }
        return Array(domains.prefix(194))
    }()

    private static func lines(_ text: String) -> [Substring] { text.split(whereSeparator: \.isWhitespace) }
}
