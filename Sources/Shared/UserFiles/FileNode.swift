import Domain
import Yams

/// A YAML or JSON document as a bounded tree in which everything knows its place.
///
/// Scalars stay text: what they mean is decided by the key they belong to, so that `tls: off` is a word and not a boolean.
indirect enum FileNode {
    case scalar(Scalar)
    case list([FileNode], Place)
    case map([Entry], Place)
    /// A key with nothing behind it: treated as if the key were not there.
    case null(Place)

    struct Scalar {
        let text: String
        let place: Place
        let style: Style
    }

    /// How a scalar was written, which decides where its first character stands.
    enum Style {
        case plain
        case quoted
        /// `|`: lines as they are.
        case literal
        /// `>`: lines are joined.
        case folded
    }

    struct Entry {
        let key: String
        let keyPlace: Place
        let value: FileNode
    }

    var place: Place {
        switch self {
        case .scalar(let scalar): scalar.place
        case .list(_, let place), .map(_, let place), .null(let place): place
        }
    }

    /// What the node is, for messages.
    var kind: String {
        switch self {
        case .scalar: "a single value"
        case .list: "a list"
        case .map: "a group of keys"
        case .null: "nothing"
        }
    }
}

extension FileNode {
    /// Larger files are refused: nobody writes a megabyte of settings by hand.
    static let sourceBytesMax = 1_048_576
    /// Bound of values in one file; also ends documents that grow by referring to themselves.
    static let nodesMax = 20_000
    /// Deepest nesting; the deepest key in use stands at level 5.
    static let depthMax = 32

    /// Reads one document.
    static func parse(_ source: String, file: String) throws(FileProblems) -> FileNode {
        func problem(_ place: Place, _ message: String) -> FileProblems {
            FileProblems([Diagnostic(file: file, line: place.line, column: place.column, message)])
        }
        guard source.utf8.count <= Self.sourceBytesMax else {
            throw problem(
                .unknown,
                "the file has \(source.utf8.count) bytes; at most \(Self.sourceBytesMax) are allowed"
            )
        }
        // The parser hashes every key with all that it refers to, which a few lines of nested aliases make endless.
        if let place = AliasScan.firstAlias(in: source) {
            throw problem(place, "anchors and aliases (&name, *name) are not allowed; write the value out")
        }
        let root: Node?
        do {
            root = try Parser(yaml: source, encoding: .utf8).singleRoot()
        } catch let error as YamlError {
            let (place, message) = Self.explain(error, source: source)
            throw problem(place, message)
        } catch {
            throw problem(.unknown, "the file cannot be read as YAML or JSON: \(error)")
        }
        guard let root else { return .null(Place(line: 1, column: 1)) }
        var budget = Self.nodesMax
        guard let node = Self(root, depth: 0, budget: &budget) else {
            let place = root.mark.map { Place(line: $0.line, column: $0.column) } ?? .unknown
            let bounds = "at most \(Self.depthMax) levels and \(Self.nodesMax) values are allowed"
            throw problem(place, "the file is too deep or too large, or a key is no single word; \(bounds)")
        }
        return node
    }

    private init?(_ node: Node, depth: Int, budget: inout Int) {
        budget -= 1
        guard depth <= Self.depthMax, budget > 0 else { return nil }
        let place = node.mark.map { Place(line: $0.line, column: $0.column) } ?? .unknown
        switch node {
        case .scalar(let scalar):
            let isPlain = scalar.style == .plain || scalar.style == .any
            self =
                isPlain && ["", "~", "null"].contains(scalar.string)
                ? .null(place) : .scalar(Scalar(text: scalar.string, place: place, style: Style(scalar.style)))
        case .sequence(let sequence):
            var list: [FileNode] = []
            for element in sequence {
                guard let child = Self(element, depth: depth + 1, budget: &budget) else { return nil }
                list.append(child)
            }
            self = .list(list, place)
        case .mapping(let mapping):
            var entries: [Entry] = []
            for (key, value) in mapping {
                guard case .scalar(let name) = key, let child = Self(value, depth: depth + 1, budget: &budget) else {
                    return nil
                }
                let keyPlace = name.mark.map { Place(line: $0.line, column: $0.column) } ?? .unknown
                entries.append(Entry(key: name.string, keyPlace: keyPlace, value: child))
            }
            self = .map(entries, place)
        case .alias:
            return nil
        }
    }

    private static func explain(_ error: YamlError, source: String) -> (Place, String) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return (Place(line: mark.line, column: mark.column), "not valid YAML: \(problem)")
        case .duplicatedKeysInMapping(let keys, let context):
            let names = keys.joined(separator: ", ")
            return (Place(line: context.mark.line, column: context.mark.column), "key given twice: \(names)")
        case .reader(let problem, let offset, _, _):
            let line = source.prefix(offset ?? 0).count { $0.isNewline } + 1
            return (Place(line: line, column: 0), "not valid text: \(problem)")
        default:
            return (.unknown, "the file cannot be read as YAML or JSON: \(error)")
        }
    }
}

extension FileNode.Style {
    fileprivate init(_ style: Node.Scalar.Style) {
        self =
            switch style {
            case .any, .plain: .plain
            case .singleQuoted, .doubleQuoted: .quoted
            case .literal: .literal
            case .folded: .folded
            }
    }
}
