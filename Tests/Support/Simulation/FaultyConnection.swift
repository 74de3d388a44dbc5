import Storage

/// A database connection whose next transaction can be made to fail or to be the last.
final class FaultyConnection: SQLConnection {
    enum Ending {
        case commits
        /// The disk is full.
        case fails
        /// The process dies before the commit.
        case dies
    }

    private let real: any SQLConnection
    var nextEnding = Ending.commits
    /// Nobody is left to use it.
    private(set) var isDead = false

    init(_ real: any SQLConnection) { self.real = real }

    private func checkAlive() throws(StoreError) {
        if self.isDead { throw .io("the process is dead") }
    }

    func prepare(_ sql: String) throws(StoreError) -> any SQLStatement {
        try self.checkAlive()
        return try self.real.prepare(sql)
    }

    func execute(_ sql: String) throws(StoreError) {
        try self.checkAlive()
        try self.real.execute(sql)
    }

    var changedRows: Int { self.real.changedRows }
    var lastInsertID: Int64 { self.real.lastInsertID }

    func transaction<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result {
        try self.checkAlive()
        let ending = self.nextEnding
        self.nextEnding = .commits
        do throws(StoreError) {
            return try self.real.transaction { () throws(StoreError) in
                let result = try body()
                switch ending {
                case .commits: return result
                case .fails: throw .full("no space left")
                case .dies: throw .io("killed")
                }
            }
        } catch {
            if ending == .dies { self.isDead = true }
            throw error
        }
    }
}
