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
                "business_email", "e_mail_adresse", "courriel", "adresse_email", "correo", "correo_electronico",
            ]
        case .phone:
            [
                "phone", "phone_number", "phonenumber", "telephone", "telephone_number", "tel", "mobile",
                "mobile_phone",
                "mobile_number", "mobile_phone_number", "cell", "cell_phone", "cellphone", "cell_number",
                "primary_phone",
                "preferred_phone", "phone_1_value", "phone_1", "phone1", "contact_phone", "msisdn", "home_phone",
                "telefon",
                "telefono",
            ]
        case .externalID:
            [
                "external_id", "externalid", "id", "contact_id", "voter_id", "member_id", "supporter_id",
                "constituent_id",
                "person_id", "customer_id", "client_id", "subscriber_id", "donor_id", "van_id", "vanid", "record_id",
                "state_voter_id", "user_id", "uid", "uuid", "guid",
            ]
        case .timezone: ["timezone", "time_zone", "tz", "iana_timezone", "time_zone_name", "timezone_name"]
        case .language: ["language", "lang", "locale", "preferred_language", "language_preference", "language_code"]
        }
    }
}
