import Mail

/// Data as the Mustache specification's examples have it.
indirect enum TreeValue: Decodable {
    case null
    case boolean(Bool)
    case scalar(String)
    case list([TreeValue])
    case map([String: TreeValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Int.self) {
            self = .scalar("\(value)")
        } else if let value = try? container.decode(Double.self) {
            self = .scalar("\(value)")
        } else if let value = try? container.decode(String.self) {
            self = .scalar(value)
        } else if let value = try? container.decode([TreeValue].self) {
            self = .list(value)
        } else {
            self = .map(try container.decode([String: TreeValue].self))
        }
    }
}

/// Nested data with a stack of contexts: what the specification describes and rows of fields do not need.
struct TreeScope: TemplateScope {
    private let names: [String]
    private var contexts: [TreeValue]
    /// Of each open section, the items still to come.
    private var rest: [ArraySlice<TreeValue>] = []

    init(_ template: Template, _ data: TreeValue) {
        self.names = template.names
        self.contexts = [data]
    }

    mutating func open(_ name: Int) -> Bool {
        switch self.value(name) {
        case .null?, .boolean(false)?, nil: return false
        case .list(let items)?:
            guard let first = items.first else { return false }
            self.contexts.append(first)
            self.rest.append(items.dropFirst())
        case let value?:
            self.contexts.append(value)
            self.rest.append([])
        }
        return true
    }

    mutating func advance() -> Bool {
        self.contexts.removeLast()
        var items = self.rest.removeLast()
        guard let next = items.popFirst() else { return false }
        self.contexts.append(next)
        self.rest.append(items)
        return true
    }

    func isTrue(_ name: Int) -> Bool {
        switch self.value(name) {
        case .null?, .boolean(false)?, nil: false
        case .list(let items)?: !items.isEmpty
        default: true
        }
    }

    func print(_ name: Int, escaped: Bool, into out: inout MessageBytes) {
        guard case .scalar(let text)? = self.value(name) else { return }
        Array(text.utf8).withUnsafeBufferPointer { bytes in
            if escaped { out.appendEscapingHTML(bytes) } else { out.append(bytes) }
        }
    }

    private func value(_ name: Int) -> TreeValue? {
        if self.names[name] == "." { return self.contexts.last }
        let parts = self.names[name].split(separator: ".").map(String.init)
        guard let first = parts.first else { return nil }
        for context in self.contexts.reversed() {
            guard case .map(let entries) = context, var value = entries[first] else { continue }
            for part in parts.dropFirst() {
                guard case .map(let inner) = value, let next = inner[part] else { return nil }
                value = next
            }
            return value
        }
        return nil
    }
}
