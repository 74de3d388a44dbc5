import Storage

/// The repositories on the writing connection.
struct LoopStores {
    let campaigns: CampaignStore
    let lanes: LaneStore
    let targets: TargetStore
    let shards: ShardStore
    let cluster: ClusterStore
    let guards: GuardStore

    init(_ connection: any SQLConnection) throws(StoreError) {
        self.campaigns = CampaignStore(connection)
        self.lanes = try LaneStore(connection)
        self.targets = try TargetStore(connection)
        self.shards = try ShardStore(connection)
        self.cluster = try ClusterStore(connection)
        self.guards = GuardStore(connection)
    }
}
