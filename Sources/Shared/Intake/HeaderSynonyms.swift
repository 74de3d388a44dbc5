import Domain

/// The names under which other programs export the fields that every contact has.
enum HeaderSynonyms {
    /// Names in snake case, the surest first: when a file has several, the first is taken and the others stay fields
    /// of their own.
    static func names(of field: BuiltInField) -> [String] {
        switch field {
        case .email:
            [
                "email", "e_mail", "email_address", "e_mail_address", "emailaddress", "mail", "mail_address",
                "email_addr",
                "primary_email", "primary_email_address", "preferred_email", "email_1_value", "e_mail_1_value",
                "email_1",
                "e_mail_1", "email1", "contact_email", "personal_email", "home_email", "subscriber_email", "work_email",
                "business_email", "can2_email", "attendee_email", "buyer_email", "e_mail_adresse", "courriel",
                "adresse_email", "correo", "correo_electronico",
            ]
        case .phone:
            [
                "phone", "phone_number", "phonenumber", "telephone", "telephone_number", "tel", "mobile",
                "mobile_phone",
                "mobile_number", "mobile_phone_number", "cell", "cell_phone", "cellphone", "cell_number",
                "primary_phone",
                "preferred_phone", "can2_phone", "sms", "whatsapp", "phone_1_value", "phone_1", "phone1",
                "contact_phone", "msisdn", "home_phone",
                "telefon",
                "telefono",
            ]
        case .externalID:
            [
                "external_id", "externalid", "ext_id", "nationbuilder_id", "vanid", "van_id", "voter_file_vanid",
                "my_campaign_id", "my_voters_vanid", "signup_nationbuilder_id", "id", "contact_id", "voter_id",
                "member_id", "supporter_id",
                "constituent_id",
                "person_id", "customer_id", "client_id", "subscriber_id", "donor_id", "record_id",
                "state_voter_id", "user_id", "uid", "uuid", "guid",
            ]
        case .timezone: ["timezone", "time_zone", "tz", "iana_timezone", "time_zone_name", "timezone_name"]
        case .language: ["language", "lang", "locale", "preferred_language", "language_preference", "language_code"]
        }
    }

    /// Whose numbers a column of this name has, where that is plain; else empty.
    static func idSystem(of name: String) -> String {
        switch name {
        case "nationbuilder_id", "signup_nationbuilder_id": "nationbuilder"
        case "vanid", "van_id", "voter_file_vanid", "my_voters_vanid": "van"
        case "my_campaign_id": "van_campaign"
        case "voter_id", "state_voter_id": "voter"
        default: ""
        }
    }

    /// In which order a system writes days.
    static func dayOrder(ofSystem system: String) -> DayOrder? {
        switch system {
        case "van", "van_campaign": .monthFirst
        default: nil
        }
    }

    /// Names of people in a table of orders: of who comes, unless its address is that of who paid.
    ///
    /// - Parameter email: Under which name the address was found.
    /// - Returns: Synonyms by field, for ``common``.
    static func orderNames(withEmail email: String?) -> [String: [String]] {
        let role = email == "buyer_email" ? "buyer" : "attendee"
        return [
            "first_name": ["\(role)_first_name"], "last_name": ["\(role)_last_name", "\(role)_surname"],
        ]
    }

    /// Fields that nearly every export has, under many names.
    static let common: [(name: String, synonyms: [String])] = [
        ("first_name", ["firstname", "given_name", "givenname", "fname", "prenom", "vorname", "nombre"]),
        (
            "last_name",
            ["lastname", "family_name", "familyname", "surname", "lname", "nachname", "apellido", "apellidos"]
        ),
        ("city", ["primary_city", "home_city", "m_city", "billing_city", "address_1_city", "ville", "ort"]),
        (
            "state",
            ["primary_state", "home_state", "m_state", "billing_state", "address_1_region", "can2_state_abbreviated"]
        ),
        (
            "zip",
            [
                "zip_code", "zipcode", "primary_zip", "zip5", "m_zip5", "home_zip", "postal_code", "postcode",
                "billing_zip", "address_1_postal_code", "code_postal", "plz",
            ]
        ),
    ]
}
