import GRDBSQLite
import Storage

/// The main file of an open database, read and written past SQLite's cache.
///
/// Through SQLite's own handle: to open and close the file once more would drop the locks that this process has on it.
struct DatabaseFile {
    private let file: UnsafeMutablePointer<sqlite3_file>
    private let methods: sqlite3_io_methods

    /// - Parameter connection: Of a database that is a file.
    init?(_ connection: OpaquePointer?) {
        var pointer: UnsafeMutablePointer<sqlite3_file>?
        guard sqlite3_file_control(connection, "main", SQLITE_FCNTL_FILE_POINTER, &pointer) == SQLITE_OK,
            let file = pointer, let methods = file.pointee.pMethods
        else { return nil }
        self.file = file
        self.methods = methods.pointee
    }

    /// Its length in bytes.
    func size() throws(StoreError) -> Int64 {
        var size: sqlite3_int64 = 0
        guard self.methods.xFileSize?(self.file, &size) == SQLITE_OK else { throw .io("the file's size is not known") }
        return size
    }

    func read(_ count: Int, at offset: Int64) throws(StoreError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        guard self.methods.xRead?(self.file, &bytes, Int32(count), offset) == SQLITE_OK else {
            throw .io("the file cannot be read at \(offset)")
        }
        return bytes
    }

    func write(_ bytes: [UInt8], at offset: Int64) throws(StoreError) {
        guard self.methods.xWrite?(self.file, bytes, Int32(bytes.count), offset) == SQLITE_OK else {
            throw .io("the file cannot be written at \(offset)")
        }
    }

    /// Waits until what was written is on the disk.
    func sync() throws(StoreError) {
        guard self.methods.xSync?(self.file, SQLITE_SYNC_NORMAL) == SQLITE_OK else {
            throw .io("the file cannot be brought to the disk")
        }
    }
}

/// A database file as pages of which some are in use.
struct PagedFile {
    let file: DatabaseFile
    let pageBytes: Int
    let pageCount: Int
    private let content: PageContent
    /// First page of the list of free ones; 0 for none.
    private let firstTrunk: Int

    /// - Returns: `nil` for a file without pages.
    init?(_ file: DatabaseFile) throws(StoreError) {
        let size = try file.size()
        guard size >= 512 else { return nil }
        let header = try file.read(100, at: 0)
        let pageBytes = PageContent.short(header, 16) == 1 ? 65_536 : PageContent.short(header, 16)
        guard pageBytes >= 512 else { return nil }
        self.file = file
        self.pageBytes = pageBytes
        self.pageCount = Int(size / Int64(pageBytes))
        self.content = PageContent(usableBytes: pageBytes - Int(header[20]))
        self.firstTrunk = PageContent.long(header, 32)
    }

    func page(_ number: Int) throws(StoreError) -> [UInt8] {
        try self.file.read(self.pageBytes, at: Int64(number - 1) * Int64(self.pageBytes))
    }

    func write(_ page: [UInt8], _ number: Int) throws(StoreError) {
        try self.file.write(page, at: Int64(number - 1) * Int64(self.pageBytes))
    }

    /// Pages that are free, and whether they list others.
    func freePages() throws(StoreError) -> [Int: Bool] {
        var free: [Int: Bool] = [:]
        var trunk = self.firstTrunk
        while trunk > 0, trunk <= self.pageCount, free[trunk] == nil {
            free[trunk] = true
            let page = try self.page(trunk)
            for index in 0..<min(PageContent.long(page, 4), self.pageBytes / 4 - 2) {
                let leaf = PageContent.long(page, 8 + 4 * index)
                if free[leaf] == nil { free[leaf] = false }
            }
            trunk = PageContent.long(page, 0)
        }
        return free
    }

    /// A page with nothing but what is in use; `nil` for one that has to be left as it is.
    func cleared(_ page: [UInt8], _ number: Int, free: [Int: Bool]) -> [UInt8]? {
        if let isTrunk = free[number] { return self.content.ofFreeList(page, isTrunk: isTrunk) }
        return self.content.ofTree(page, offset: number == 1 ? 100 : 0)
    }
}
