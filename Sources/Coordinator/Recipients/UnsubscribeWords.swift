import UserFiles

/// What the page to unsubscribe says, in one language.
///
/// `%` stands for the sender's name, and in ``list`` for the list's.
struct UnsubscribeWords: Sendable {
    let title: String
    /// What the button does.
    let question: String
    let everything: String
    let list: String
    let button: String
    /// Once nothing more comes from the sender.
    let done: String
    /// Once nothing more comes over the list.
    let doneList: String
    /// The link is none of ours.
    let unknown: String
    /// It could not be written down just now.
    let later: String

    static func of(_ language: Language) -> Self {
        switch language {
        case .english: Self.english
        case .german: Self.german
        case .spanish: Self.spanish
        case .french: Self.french
        case .italian: Self.italian
        case .dutch: Self.dutch
        case .portuguese: Self.portuguese
        }
    }

    private static let english = Self(
        title: "Unsubscribe",
        question: "Do you want no more e-mail from %?",
        everything: "No more e-mail from %",
        list: "Only leave the list “%”",
        button: "Unsubscribe",
        done: "You are unsubscribed. You will get no more e-mail from %.",
        doneList: "You have left the list “%”.",
        unknown: "This link is not complete or not valid. Please use the whole link from the message.",
        later: "This could not be saved just now. Please try again in a minute."
    )

    private static let german = Self(
        title: "Abmelden",
        question: "Möchten Sie keine E-Mails von % mehr erhalten?",
        everything: "Keine E-Mails mehr von %",
        list: "Nur die Liste „%“ verlassen",
        button: "Abmelden",
        done: "Sie sind abgemeldet und erhalten keine E-Mails von % mehr.",
        doneList: "Sie haben die Liste „%“ verlassen.",
        unknown: "Dieser Link ist unvollständig oder ungültig. Bitte verwenden Sie den ganzen Link aus der Nachricht.",
        later: "Das konnte gerade nicht gespeichert werden. Bitte versuchen Sie es in einer Minute noch einmal."
    )

    private static let spanish = Self(
        title: "Cancelar la suscripción",
        question: "¿Desea no recibir más correos de %?",
        everything: "Ningún correo más de %",
        list: "Solo salir de la lista «%»",
        button: "Cancelar la suscripción",
        done: "Su suscripción está cancelada. No recibirá más correos de %.",
        doneList: "Ha salido de la lista «%».",
        unknown: "Este enlace está incompleto o no es válido. Use el enlace entero del mensaje.",
        later: "No se ha podido guardar en este momento. Inténtelo de nuevo dentro de un minuto."
    )

    private static let french = Self(
        title: "Se désabonner",
        question: "Souhaitez-vous ne plus recevoir d’e-mails de % ?",
        everything: "Plus aucun e-mail de %",
        list: "Quitter seulement la liste « % »",
        button: "Se désabonner",
        done: "Vous êtes désabonné(e). Vous ne recevrez plus d’e-mails de %.",
        doneList: "Vous avez quitté la liste « % ».",
        unknown: "Ce lien est incomplet ou n’est pas valable. Veuillez utiliser le lien entier du message.",
        later: "L’enregistrement n’a pas été possible. Veuillez réessayer dans une minute."
    )

    private static let italian = Self(
        title: "Annulla l’iscrizione",
        question: "Non vuole più ricevere e-mail da %?",
        everything: "Nessuna e-mail in futuro da %",
        list: "Lasciare solo la lista «%»",
        button: "Annulla l’iscrizione",
        done: "L’iscrizione è annullata. Non riceverà più e-mail da %.",
        doneList: "Ha lasciato la lista «%».",
        unknown: "Questo link è incompleto o non valido. Usi il link intero del messaggio.",
        later: "Al momento non è stato possibile salvare. Riprovi tra un minuto."
    )

    private static let dutch = Self(
        title: "Afmelden",
        question: "Wilt u geen e-mail meer ontvangen van %?",
        everything: "Geen e-mail meer van %",
        list: "Alleen de lijst ‘%’ verlaten",
        button: "Afmelden",
        done: "U bent afgemeld en ontvangt geen e-mail meer van %.",
        doneList: "U hebt de lijst ‘%’ verlaten.",
        unknown: "Deze link is onvolledig of ongeldig. Gebruik de hele link uit het bericht.",
        later: "Dit kon nu niet worden opgeslagen. Probeer het over een minuut opnieuw."
    )

    private static let portuguese = Self(
        title: "Cancelar a subscrição",
        question: "Não quer receber mais e-mails de %?",
        everything: "Nenhum e-mail mais de %",
        list: "Sair apenas da lista «%»",
        button: "Cancelar a subscrição",
        done: "A subscrição foi cancelada. Não receberá mais e-mails de %.",
        doneList: "Saiu da lista «%».",
        unknown: "Esta ligação está incompleta ou não é válida. Use a ligação completa da mensagem.",
        later: "Não foi possível guardar agora. Tente de novo dentro de um minuto."
    )
}
