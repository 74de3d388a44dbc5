import Domain
import Intake

extension ExpressionNames {
    /// Has conditions know addresses and telephone numbers however they are written, as imports do.
    var knowingSpellings: ExpressionNames {
        var names = self
        names.canonical = { name, text in
            switch name {
            case .email:
                guard case .success(let address) = AddressParser.parse(text) else { return nil }
                return address.key
            case .phone: return PhoneNumber.normalised(text).map { String(decoding: PhoneKey.of($0), as: UTF8.self) }
            }
        }
        return names
    }
}
