import Domain

/// Partials: routines of their own, and the bounds that keep them finite.
extension TemplateCompiler {
    mutating func include(_ token: TemplateToken, _ content: ArraySlice<UInt8>, in unit: inout Unit) {
        let name = String(decoding: content, as: UTF8.self)
        let key = RoutineKey(
            partial: name,
            indentation: Array(unit.text[token.indentation]),
            beginsLink: self.isAtLink(unit)
        )
        guard let number = self.routine(key, at: token.place, in: unit) else { return }
        let routine = self.routines[number]
        unit.routine.operations.append(.call(UInt32(number)))
        unit.routine.steps += routine.steps
        unit.routine.depth = max(unit.routine.depth, routine.depth + 1)
        let guarded = Set(unit.open.map(\.name))
        unit.routine.printed.formUnion(routine.printed.subtracting(guarded))
        if unit.routine.steps > Template.stepsMax {
            self.report(
                "with its partials the template has more than \(Template.stepsMax) steps",
                at: token.place,
                in: unit
            )
        }
    }

    /// The number of a partial's routine, compiled now if it was not before.
    ///
    /// - Returns: `nil` after reporting why it cannot be included.
    private mutating func routine(_ key: RoutineKey, at place: TemplatePlace, in unit: Unit) -> Int? {
        guard let text = self.partials[key.partial] else {
            let near = nearestName(to: key.partial, in: self.partials.keys.sorted())
            let hint = near.map { ", did you mean '\($0)'?" } ?? ""
            self.report("unknown partial '\(key.partial)'\(hint)", at: place, in: unit)
            return nil
        }
        if !self.recursion, let first = unit.chain.firstIndex(of: key.partial) {
            let path = (unit.chain[first...] + [key.partial]).joined(separator: " → ")
            self.report("a partial must not include itself: \(path)", at: place, in: unit)
            return nil
        }
        let known = self.routineNumbers[key]
        let depth = known.map { self.routines[$0].depth } ?? 0
        guard unit.chain.count + 1 + depth <= Template.partialDepthMax else {
            self.report("more than \(Template.partialDepthMax) partials within each other", at: place, in: unit)
            return nil
        }
        if let known { return known }
        guard let bytes = self.indented(text, by: key.indentation) else {
            self.report(
                "with this partial all partials have more than \(Template.expandedBytesMax) bytes",
                at: place,
                in: unit
            )
            return nil
        }
        let number = self.routines.count
        self.routineNumbers[key] = number
        // A placeholder that recursive calls can refer to.
        self.routines.append(Routine())
        self.routines[number] = self.compile(
            Unit(
                file: key.partial,
                text: bytes,
                indentation: key.indentation.count,
                chain: unit.chain + [key.partial],
                // Whatever the attribute is called there.
                before: key.beginsLink ? Array("href=".utf8) : []
            )
        )
        return number
    }

    /// A partial's text with `indentation` before each of its lines.
    private mutating func indented(_ text: String, by indentation: [UInt8]) -> [UInt8]? {
        let lines = Array(text.utf8).split(separator: .lineFeed, omittingEmptySubsequences: false)
        let size = text.utf8.count + indentation.count * lines.count
        guard text.utf8.count <= Template.textBytesMax, size <= Template.expandedBytesMax - self.expandedBytes else {
            return nil
        }
        self.expandedBytes += size
        guard !indentation.isEmpty else { return Array(text.utf8) }
        var result: [UInt8] = []
        result.reserveCapacity(size)
        for (index, line) in lines.enumerated() {
            let isLast = index == lines.count - 1
            if !(isLast && line.isEmpty) { result += indentation }
            result += line
            if !isLast { result.append(.lineFeed) }
        }
        return result
    }
}
