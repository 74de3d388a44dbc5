/// What of a database page is in use, by the file format of SQLite (sqlite.org/fileformat2.html, sections 1.5 to 1.7).
///
/// Where pages are split or joined, SQLite leaves old copies of rows in the room between a page's cells, and `secure_delete` does not
/// reach them, since they were left behind long before their row was deleted. Nobody reads that room, so that it can be cleared in the
/// file itself: neither a reader nor a crash in the midst of it sees a difference.
struct PageContent {
    /// Bytes of a page, without what is reserved at its end.
    let usableBytes: Int

    /// A page with nothing but what is in use.
    ///
    /// - Parameters:
    ///   - page: As it is in the file.
    ///   - offset: Where the header of the b-tree begins: 100 on the first page, else 0.
    /// - Returns: `nil` when it is not a b-tree page, or not one that we understand; then it is left alone.
    func ofTree(_ page: [UInt8], offset: Int) -> [UInt8]? {
        guard let header = Header(page, offset: offset, usableBytes: self.usableBytes) else { return nil }
        var kept = [UInt8](repeating: 0, count: page.count)
        kept.replaceSubrange(..<header.end, with: page[..<header.end])
        kept.replaceSubrange(self.usableBytes..., with: page[self.usableBytes...])
        var used = header.end
        for index in 0..<header.cells {
            let start = Self.short(page, offset + header.length + 2 * index)
            guard start >= header.content, let size = self.cellSize(page, at: start, header), size > 0,
                start + size <= self.usableBytes
            else { return nil }
            kept.replaceSubrange(start..<start + size, with: page[start..<start + size])
            used += size
        }
        var (block, last) = (header.freeBlock, 0)
        while block != 0 {
            guard block > last, block >= header.content, block + 4 <= self.usableBytes else { return nil }
            kept.replaceSubrange(block..<block + 4, with: page[block..<block + 4])
            let size = Self.short(page, block + 2)
            guard size >= 4, block + size <= self.usableBytes else { return nil }
            used += size
            last = block
            block = Self.short(page, block)
        }
        // Everything must be accounted for: else the page means something that we do not know.
        guard used + header.fragments + (header.content - header.end) == self.usableBytes else { return nil }
        return kept
    }

    /// A page of the list of free pages, without what is not in use.
    ///
    /// - Parameters:
    ///   - page: As it is in the file.
    ///   - isTrunk: It lists others; one that is listed has nothing in it at all.
    /// - Returns: `nil` for one that we do not understand.
    func ofFreeList(_ page: [UInt8], isTrunk: Bool) -> [UInt8]? {
        var kept = [UInt8](repeating: 0, count: page.count)
        kept.replaceSubrange(self.usableBytes..., with: page[self.usableBytes...])
        guard isTrunk else { return kept }
        let end = 8 + 4 * Self.long(page, 4)
        guard end <= self.usableBytes else { return nil }
        kept.replaceSubrange(..<end, with: page[..<end])
        return kept
    }

    private struct Header {
        let kind: UInt8
        let length: Int
        let cells: Int
        /// Where cells begin.
        let content: Int
        let freeBlock: Int
        let fragments: Int
        /// Behind the pointers to cells.
        let end: Int

        init?(_ page: [UInt8], offset: Int, usableBytes: Int) {
            self.kind = page[offset]
            guard [2, 5, 10, 13].contains(self.kind) else { return nil }
            self.length = self.kind < 8 ? 12 : 8
            self.freeBlock = PageContent.short(page, offset + 1)
            self.cells = PageContent.short(page, offset + 3)
            let content = PageContent.short(page, offset + 5)
            self.content = content == 0 ? 65_536 : content
            self.fragments = Int(page[offset + 7])
            self.end = offset + self.length + 2 * self.cells
            guard self.end <= self.content, self.content <= usableBytes else { return nil }
        }
    }

    /// Bytes of a cell with what it has on this page; `nil` when it does not fit.
    private func cellSize(_ page: [UInt8], at start: Int, _ header: Header) -> Int? {
        var place = header.kind < 8 ? start + 4 : start
        // A leaf of a table has a row id behind the length, an inner page nothing but a row id.
        guard let first = self.variable(page, &place) else { return nil }
        if header.kind == 5 { return max(4, place - start) }
        if header.kind == 13, self.variable(page, &place) == nil { return nil }
        let isIndex = header.kind != 13
        let most = isIndex ? (self.usableBytes - 12) * 64 / 255 - 23 : self.usableBytes - 35
        guard first > UInt64(most) else { return max(4, place - start + Int(first)) }
        let least = (self.usableBytes - 12) * 32 / 255 - 23
        guard first < 1 << 31 else { return nil }
        let rest = least + (Int(first) - least) % (self.usableBytes - 4)
        return place - start + (rest <= most ? rest : least) + 4
    }

    /// A number of 1 to 9 bytes, of which the first eight have 7 bits each.
    private func variable(_ page: [UInt8], _ place: inout Int) -> UInt64? {
        var value: UInt64 = 0
        for index in 0..<9 {
            guard place < self.usableBytes else { return nil }
            let byte = page[place]
            place += 1
            if index == 8 { return value << 8 | UInt64(byte) }
            value = value << 7 | UInt64(byte & 0x7F)
            if byte < 0x80 { return value }
        }
        return value
    }

    static func short(_ page: [UInt8], _ place: Int) -> Int { Int(page[place]) << 8 | Int(page[place + 1]) }

    static func long(_ page: [UInt8], _ place: Int) -> Int {
        Self.short(page, place) << 16 | Self.short(page, place + 2)
    }
}
