/// What countries are called: ISO 3166-1 codes of three letters, names that lists have in English, what the countries call themselves, and
/// what the commonest of them are called in other large languages.
///
/// Case, accents, punctuation, the order of words, articles and words such as "republic" need no names of their own (``CountryName``).
enum CountryNames {
    /// Code of two letters, a colon, names separated by semicolons; a code may have several lines.
    static let lines = """
        AD: AND; Andorra
        AE: ARE; United Arab Emirates; UAE; U.A.E.; Emirates; الإمارات; الإمارات العربية المتحدة
        AF: AFG; Afghanistan
        AG: ATG; Antigua and Barbuda
        AI: AIA; Anguilla
        AL: ALB; Albania; Shqipëria
        AM: ARM; Armenia
        AO: AGO; Angola
        AQ: ATA; Antarctica
        AR: ARG; Argentina; Argentine Republic; Argentinien; Argentine
        AS: ASM; American Samoa; Samoa (American)
        AT: AUT; Austria; Österreich; Oesterreich; Autriche; Oostenrijk
        AU: AUS; Australia; Australien; Australie
        AW: ABW; Aruba
        AX: ALA; Åland; Åland Islands; Ahvenanmaa
        AZ: AZE; Azerbaijan; Azərbaycan
        BA: BIH; Bosnia and Herzegovina; Bosnia; Bosna i Hercegovina; Bosnien und Herzegowina
        BB: BRB; Barbados
        BD: BGD; Bangladesh; বাংলাদেশ
        BE: BEL; Belgium; België; Belgique; Belgien; Bélgica; Belgio
        BF: BFA; Burkina Faso
        BG: BGR; Bulgaria; България; Bulgarien; Bulgarie
        BH: BHR; Bahrain
        BI: BDI; Burundi
        BJ: BEN; Benin; Bénin
        BL: BLM; Saint Barthélemy; St Barthelemy; St Barts
        BM: BMU; Bermuda
        BN: BRN; Brunei; Brunei Darussalam
        BO: BOL; Bolivia; Plurinational State of Bolivia
        BQ: BES; Bonaire, Sint Eustatius and Saba; Bonaire; Caribbean Netherlands; Caribbean NL
        BR: BRA; Brazil; Brasil; Brasilien; Brésil; Brasile; Brazilië
        BS: BHS; Bahamas
        BT: BTN; Bhutan
        BV: BVT; Bouvet Island
        BW: BWA; Botswana
        BY: BLR; Belarus; Беларусь; Byelorussia
        BZ: BLZ; Belize
        CA: CAN; Canada; Kanada; Canadá
        CC: CCK; Cocos Islands; Cocos (Keeling) Islands; Keeling Islands
        CD: COD; Democratic Republic of the Congo; Congo (Dem. Rep.); Congo; DRC; DR Congo; Congo-Kinshasa; Zaire
        CF: CAF; Central African Republic; Central African Rep.
        CG: COG; Republic of the Congo; Congo (Rep.); Congo-Brazzaville
        CH: CHE; Switzerland; Schweiz; Suisse; Svizzera; Svizra; Swiss Confederation; Suiza; Zwitserland; SUI
        CI: CIV; Côte d'Ivoire; Ivory Coast
        CK: COK; Cook Islands
        CL: CHL; Chile
        CM: CMR; Cameroon; Cameroun
        CN: CHN; China; 中国; 中國; 中华人民共和国; PRC; P.R. China; Mainland China; Chine
        CO: COL; Colombia
        CR: CRI; Costa Rica
        CU: CUB; Cuba
        CV: CPV; Cabo Verde; Cape Verde
        CW: CUW; Curaçao
        CX: CXR; Christmas Island
        CY: CYP; Cyprus; Κύπρος; Zypern
        CZ: CZE; Czechia; Czech Republic; Česko; Česká republika; Tschechien; Tschechische Republik; Tchéquie
        CZ: República Checa; Czechy
        DE: DEU; Germany; Deutschland; BRD; Allemagne; Alemania; Alemanha; Germania; Niemcy; Duitsland; Tyskland; GER
        DE: ドイツ
        DJ: DJI; Djibouti
        DK: DNK; Denmark; Danmark; Dänemark; Danemark; Dinamarca; Danimarca; Dania; DEN
        DM: DMA; Dominica
        DO: DOM; Dominican Republic; República Dominicana
        DZ: DZA; Algeria; Algérie; الجزائر
        EC: ECU; Ecuador
        EE: EST; Estonia; Eesti; Estland
        EG: EGY; Egypt; مصر
        EH: ESH; Western Sahara
        ER: ERI; Eritrea
        ES: ESP; Spain; España; Espana; Espanya; Espainia; Spanien; Espagne; Espanha; Spagna; Hiszpania; Spanje
        ET: ETH; Ethiopia
        FI: FIN; Finland; Suomi; Finnland; Finlande; Finlandia
        FJ: FJI; Fiji
        FK: FLK; Falkland Islands; Falklands; Malvinas; Falkland Islands (Malvinas)
        FM: FSM; Micronesia; Federated States of Micronesia
        FO: FRO; Faroe Islands; Faeroe Islands; Faroes; Føroyar; Færøerne
        FR: FRA; France; French Republic; République française; Frankreich; Francia; França; Francja; Frankrijk
        FR: Frankrike; France métropolitaine; フランス
        GA: GAB; Gabon
        GB: GBR; United Kingdom; UK; U.K.; Great Britain; Britain; Britain (UK)
        GB: United Kingdom of Great Britain and Northern Ireland; England; Scotland; Wales; Northern Ireland; Cymru
        GB: Vereinigtes Königreich; Großbritannien; England & Wales; Royaume-Uni; Reino Unido; Regno Unito
        GB: Verenigd Koninkrijk; Wielka Brytania; Storbritannien; イギリス
        GD: GRD; Grenada
        GE: GEO; Georgia; საქართველო
        GF: GUF; French Guiana; Guyane; Guyane française
        GG: GGY; Guernsey
        GH: GHA; Ghana
        GI: GIB; Gibraltar
        GL: GRL; Greenland; Grønland; Kalaallit Nunaat
        GM: GMB; Gambia
        GN: GIN; Guinea
        GP: GLP; Guadeloupe
        GQ: GNQ; Equatorial Guinea
        GR: GRC; Greece; Ελλάδα; Hellas; Hellenic Republic; Griechenland; Grèce; Grecia; GRE
        GS: SGS; South Georgia; South Georgia and the South Sandwich Islands
        GT: GTM; Guatemala
        GU: GUM; Guam
        GW: GNB; Guinea-Bissau
        GY: GUY; Guyana
        HK: HKG; Hong Kong; Hong Kong SAR; Hong Kong SAR China; 香港
        HM: HMD; Heard Island and McDonald Islands
        HN: HND; Honduras
        HR: HRV; Croatia; Hrvatska; Kroatien; Croatie; CRO
        HT: HTI; Haiti; Haïti
        HU: HUN; Hungary; Magyarország; Ungarn; Hongrie; Hungría
        ID: IDN; Indonesia; Indonesien; Indonésie
        IE: IRL; Ireland; Éire; Irland; Irlande; Irlanda; Southern Ireland
        IL: ISR; Israel; ישראל
        IM: IMN; Isle of Man
        IN: IND; India; Bharat; भारत; भारत गणराज्य; ভারত; இந்தியா; భారతదేశం; ಭಾರತ; ഭാരതം; ભારત; ਭਾਰਤ; Indien; Inde
        IN: Índia
        IO: IOT; British Indian Ocean Territory
        IQ: IRQ; Iraq; العراق
        IR: IRN; Iran; ایران
        IS: ISL; Iceland; Ísland; Island
        IT: ITA; Italy; Italia; Italien; Italie; Itália; Włochy; Italië; イタリア
        JE: JEY; Jersey
        JM: JAM; Jamaica
        JO: JOR; Jordan; الأردن
        JP: JPN; Japan; 日本; 日本国; Nippon; Nihon; Japon; Japón; Japão
        KE: KEN; Kenya
        KG: KGZ; Kyrgyzstan; Kirgizstan; Kyrgyz Republic
        KH: KHM; Cambodia; Kampuchea
        KI: KIR; Kiribati
        KM: COM; Comoros
        KN: KNA; Saint Kitts and Nevis; St Kitts & Nevis; St. Kitts
        KP: PRK; North Korea; Korea (North); Democratic People's Republic of Korea; DPRK
        KR: KOR; South Korea; Korea (South); Korea; Republic of Korea; 대한민국; 한국; 韓国; ROK; Südkorea; Corée du Sud
        KR: Corea del Sur; Coreia do Sul
        KW: KWT; Kuwait
        KY: CYM; Cayman Islands; Caymans
        KZ: KAZ; Kazakhstan; Қазақстан; Казахстан
        LA: LAO; Laos; Lao People's Democratic Republic; Lao
        LB: LBN; Lebanon; Liban; لبنان
        LC: LCA; Saint Lucia; St Lucia
        LI: LIE; Liechtenstein
        LK: LKA; Sri Lanka; ශ්‍රී ලංකාව; இலங்கை
        LR: LBR; Liberia
        LS: LSO; Lesotho
        LT: LTU; Lithuania; Lietuva; Litauen
        LU: LUX; Luxembourg; Luxemburg; Lëtzebuerg
        LV: LVA; Latvia; Latvija; Lettland
        LY: LBY; Libya
        MA: MAR; Morocco; Maroc; المغرب
        MC: MCO; Monaco
        MD: MDA; Moldova
        ME: MNE; Montenegro; Crna Gora
        MF: MAF; Saint Martin; Saint Martin (French part); St Martin (French)
        MG: MDG; Madagascar
        MH: MHL; Marshall Islands
        MK: MKD; North Macedonia; Macedonia; Северна Македонија; Former Yugoslav Republic of Macedonia; FYROM
        ML: MLI; Mali
        MM: MMR; Myanmar; Burma; Myanmar (Burma)
        MN: MNG; Mongolia; Монгол Улс
        MO: MAC; Macao; Macau; Macao SAR China; 澳門
        MP: MNP; Northern Mariana Islands; Northern Marianas; CNMI
        MQ: MTQ; Martinique
        MR: MRT; Mauritania
        MS: MSR; Montserrat
        MT: MLT; Malta
        MU: MUS; Mauritius
        MV: MDV; Maldives
        MW: MWI; Malawi
        MX: MEX; Mexico; México; Méjico; United Mexican States; Estados Unidos Mexicanos; Mexiko; Mexique; Messico
        MY: MYS; Malaysia
        MZ: MOZ; Mozambique; Moçambique
        NA: NAM; Namibia
        NC: NCL; New Caledonia; Nouvelle-Calédonie
        NE: NER; Niger
        NF: NFK; Norfolk Island
        NG: NGA; Nigeria
        NI: NIC; Nicaragua
        NL: NLD; Netherlands; Holland; Nederland; Niederlande; Pays-Bas; Países Bajos; Países Baixos; Paesi Bassi
        NL: Holandia; NED
        NO: NOR; Norway; Norge; Noreg; Norwegen; Norvège; Noruega; Norvegia
        NP: NPL; Nepal; नेपाल
        NR: NRU; Nauru
        NU: NIU; Niue
        NZ: NZL; New Zealand; Aotearoa; Aotearoa New Zealand; Neuseeland
        OM: OMN; Oman
        PA: PAN; Panama; Panamá
        PE: PER; Peru; Perú
        PF: PYF; French Polynesia; Polynésie française; Tahiti
        PG: PNG; Papua New Guinea
        PH: PHL; Philippines; Pilipinas; Filipinas
        PK: PAK; Pakistan; پاکستان
        PL: POL; Poland; Polska; Polen; Pologne; Polonia; Polônia
        PM: SPM; Saint Pierre and Miquelon; St Pierre & Miquelon
        PN: PCN; Pitcairn; Pitcairn Islands
        PR: PRI; Puerto Rico
        PS: PSE; Palestine; State of Palestine; Palestinian Territory, Occupied; Palestinian Territories; فلسطين
        PT: PRT; Portugal; Portuguese Republic; Portogallo
        PW: PLW; Palau
        PY: PRY; Paraguay
        QA: QAT; Qatar
        RE: REU; Réunion; La Réunion; Reunion Island
        RO: ROU; Romania; România; Rumänien; Roumanie
        RS: SRB; Serbia; Србија; Srbija; Serbien; Kosovo; Kosova; XK; XKX
        RU: RUS; Russia; Russian Federation; Россия; Российская Федерация; Russland; Russie; Rusia
        RW: RWA; Rwanda
        SA: SAU; Saudi Arabia; KSA; السعودية; المملكة العربية السعودية
        SB: SLB; Solomon Islands
        SC: SYC; Seychelles
        SD: SDN; Sudan
        SE: SWE; Sweden; Sverige; Schweden; Suède; Suecia; Svezia; Suécia; Szwecja; Zweden
        SG: SGP; Singapore; Singapura; 新加坡
        SH: SHN; Saint Helena; St Helena; Saint Helena, Ascension and Tristan da Cunha; Ascension
        SI: SVN; Slovenia; Slovenija; Slowenien
        SJ: SJM; Svalbard; Svalbard and Jan Mayen
        SK: SVK; Slovakia; Slovensko; Slovak Republic; Slovenská republika; Slowakei
        SL: SLE; Sierra Leone
        SM: SMR; San Marino
        SN: SEN; Senegal; Sénégal
        SO: SOM; Somalia
        SR: SUR; Suriname
        SS: SSD; South Sudan
        ST: STP; Sao Tome and Principe; São Tomé e Príncipe
        SV: SLV; El Salvador
        SX: SXM; Sint Maarten; Sint Maarten (Dutch part); St Maarten (Dutch)
        SY: SYR; Syria; Syrian Arab Republic
        SZ: SWZ; Eswatini; Swaziland; Eswatini (Swaziland)
        TC: TCA; Turks and Caicos Islands; Turks & Caicos; Turks & Caicos Is
        TD: TCD; Chad; Tchad
        TF: ATF; French Southern Territories; French S. Terr.
        TG: TGO; Togo
        TH: THA; Thailand; ประเทศไทย; ไทย
        TJ: TJK; Tajikistan
        TK: TKL; Tokelau
        TL: TLS; Timor-Leste; East Timor
        TM: TKM; Turkmenistan
        TN: TUN; Tunisia; Tunisie; تونس
        TO: TON; Tonga
        TR: TUR; Türkiye; Turkey; Türkei; Turquie; Turquía
        TT: TTO; Trinidad and Tobago; Trinidad
        TV: TUV; Tuvalu
        TW: TWN; Taiwan; Taiwan, Province of China; Republic of China; 台灣; 台湾; 臺灣
        TZ: TZA; Tanzania; United Republic of Tanzania
        UA: UKR; Ukraine; Україна; Ukraina
        UG: UGA; Uganda
        UM: UMI; United States Minor Outlying Islands; US minor outlying islands
        US: USA; United States; United States of America; U.S.A.; U.S.; US of A; America; Vereinigte Staaten
        US: Vereinigte Staaten von Amerika; États-Unis; Etats-Unis d'Amérique; Estados Unidos; EE.UU.; EEUU
        US: Estados Unidos de América; EUA; Stati Uniti; Verenigde Staten; Stany Zjednoczone; アメリカ; 美国
        UY: URY; Uruguay; Eastern Republic of Uruguay
        UZ: UZB; Uzbekistan; O'zbekiston
        VA: VAT; Vatican City; Holy See; Holy See (Vatican City State); Vatican
        VC: VCT; Saint Vincent and the Grenadines; St Vincent
        VE: VEN; Venezuela; Bolivarian Republic of Venezuela
        VG: VGB; British Virgin Islands; Virgin Islands (UK); Virgin Islands, British; BVI
        VI: VIR; Virgin Islands; US Virgin Islands; Virgin Islands (US); U.S. Virgin Islands; Virgin Islands, U.S.
        VI: Virgin Islands of the United States; USVI
        VN: VNM; Vietnam; Viet Nam; Việt Nam
        VU: VUT; Vanuatu
        WF: WLF; Wallis and Futuna; Wallis-et-Futuna
        WS: WSM; Samoa; Samoa (western); Western Samoa
        YE: YEM; Yemen
        YT: MYT; Mayotte
        ZA: ZAF; South Africa; Suid-Afrika; Südafrika; RSA
        ZM: ZMB; Zambia
        ZW: ZWE; Zimbabwe
        """
}
