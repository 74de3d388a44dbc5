"""What `make mutations` takes out of the product, one at a time, and the test that must notice it.

    name     what is missing then
    file     where
    find     the text; it must stand there exactly once, so that this table cannot rot (`make check` looks)
    replace  what stands there instead
    suite    which tests are run
    test     the name of the test that has to fail
"""

MUTATIONS = [
    # The coordinator.
    dict(
        name="a stale report may schedule (epoch guard)",
        file="Sources/Coordinator/Loop/LoopCore+StaleFacts.swift",
        find='guard fact.outcome != .deferred, OutcomeJoin.replaces(fact.outcome, known: known.outcome) else { return }',
        replace='',
        suite="CoordinatorTests.LoopStaleTests",
        test="who lost a lease can schedule nothing of it that is in another's hands",
    ),
    dict(
        name="a report counts from whoever sends it (holder guard)",
        file="Sources/Coordinator/Loop/LoopCore+Reports.swift",
        find='guard lease.holder == session.name else {',
        replace='guard !lease.holder.isEmpty else {',
        suite="CoordinatorTests.LoopReportTests",
        test="a report on a lease that this worker never held is refused, and acknowledged",
    ),
    dict(
        name="what a reopened lease's holder says of settled targets is dropped",
        file="Sources/Coordinator/Loop/LoopCore+Reports.swift",
        find='try self.takeClosed(facts, index, from: session)',
        replace='',
        suite="CoordinatorTests.LoopStaleTests",
        test="what was settled by a late fact is still heard of from its present holder, also after a start",
    ),
    dict(
        name="a started campaign that cannot be read is cancelled over its people's heads",
        file="Sources/Coordinator/Loop/LoopCore+Campaigns.swift",
        find='guard record.startedAt == nil else { throw self.unreadable(record) }',
        replace='',
        suite="PowerTests.RefusedStatementTests",
        test="a campaign that cannot be continued does not stop another one",
    ),
    dict(
        name="permits beyond the burst are cut off (throttle restore)",
        file="Sources/Shared/Engine/Throttles/ThrottleTable.swift",
        find='outstanding: $0.outstanding + count, at: now)',
        replace='outstanding: min($0.limit.burst, $0.outstanding + count), at: now)',
        suite="EngineTests.ThrottleTableTests",
        test="more permits may be out than the bucket holds: nothing is granted until so many are accounted for",
    ),
    dict(
        name="epochs begin again with every start (incarnation)",
        file="Sources/Coordinator/Loop/LoopCore+Restore.swift",
        find='self.epoch = Epoch(incarnation: incarnation, counter: 0)',
        replace='self.epoch = Epoch(incarnation: 1, counter: 0)',
        suite="CoordinatorTests.LoopLeaseTests",
        test="a coordinator that is started again goes on where it was",
    ),
    dict(
        name="reports are acknowledged although their turn failed",
        file="Sources/Coordinator/Loop/LoopCore.swift",
        find='''        self.failedLast = true
        self.effects.removeAll(keepingCapacity: true)
''',
        replace='''        self.failedLast = true
''',
        suite="CoordinatorTests.LoopReportTests",
        test="a report is acknowledged once it is committed, and not before",
    ),
    dict(
        name="the shard that is granted is not recorded",
        file="Sources/Coordinator/Loop/LoopCore+GrantFrames.swift",
        find='try self.stores.shards.insert(record, at: self.wall)',
        replace='_ = record',
        suite="CoordinatorTests.LoopLeaseTests",
        test="a coordinator that is started again goes on where it was",
    ),
    dict(
        name="a campaign goes on although nobody signs its messages",
        file="Sources/Coordinator/Loop/LoopCore+Grants.swift",
        find=', self.options.signing(of: campaign) != nil',
        replace='',
        suite="CoordinatorTests.LoopSigningTests",
        test="a running campaign whose key was taken away goes no further, and says so",
    ),
    # Restored backups, and what is decided about doubts.
    dict(
        name="a restored database grants",
        file="Sources/Coordinator/Loop/LoopCore+Grants.swift",
        find='guard !self.isClosing, self.restored == nil else { return }',
        replace='guard !self.isClosing else { return }',
        suite="CoordinatorTests.LoopRestoreTests",
        test="a database that is older than its workers' memory is noticed when they come",
    ),
    dict(
        name="leases of before a restore keep their authority",
        file="Sources/Coordinator/Loop/LoopCore+Recovery.swift",
        find='if self.restored == nil { try self.reopenLeases() }',
        replace='try self.reopenLeases()',
        suite="CoordinatorTests.LoopRestoreTests",
        test="what workers still know clears doubts, and what they want done next is not believed",
    ),
    dict(
        name="grants go out above the epoch file",
        file="Sources/Coordinator/Loop/LoopCore+Grants.swift",
        find='guard self.epochReserve.allows(self.epoch.next()) else { return }',
        replace='',
        suite="CoordinatorTests.LoopRestoreTests",
        test="no grant is ever above the marker, and nothing is granted while it cannot be moved",
    ),
    dict(
        name="a doubt that comes late is never sent again",
        file="Sources/Coordinator/Loop/LoopCore+StaleFacts.swift",
        find='if fact.outcome == .inDoubt, try self.resendsStale(fact, known, campaign) { return }',
        replace='',
        suite="CoordinatorTests.LoopDecisionTests",
        test="a doubt that comes late from a lease that is over is sent again under that rule, once",
    ),
    dict(
        name="a grant takes nothing from cluster, relay and campaign (throttle debit)",
        file="Sources/Coordinator/Loop/LoopCore+GrantFrames.swift",
        find='for scope in self.sharedScopes(campaign) { self.throttles.debit(shard.members.count, in: scope) }',
        replace='',
        suite="CoordinatorTests.LoopThrottleTests",
        test="once a bucket is empty nothing is granted, whatever it is on",
    ),
    dict(
        name="a grant takes nothing from its site (throttle debit)",
        file="Sources/Coordinator/Loop/LoopCore+GrantFrames.swift",
        find='if !lane.isTail { self.throttles.debit(shard.members.count, in: .site(lane.site)) }',
        replace='',
        suite="CoordinatorTests.LoopThrottleTests",
        test="once a bucket is empty nothing is granted, whatever it is on",
    ),
    dict(
        name="what was used of a limit is forgotten at a restart",
        file="Sources/Coordinator/Loop/LoopCore.swift",
        find='try self.stores.cluster.saveLevel(change.key, level)',
        replace='_ = level',
        suite="CoordinatorTests.LoopThrottleTests",
        test="once a bucket is empty nothing is granted, whatever it is on",
    ),
    dict(
        name="the suppression list is not asked",
        file="Sources/Coordinator/Loop/LoopCore+Grants.swift",
        find='if row.suppression != nil { return try self.suppress(row, .suppressed, lane: lane, campaign) }',
        replace='',
        suite="CoordinatorTests.LoopGrantTests",
        test="who must not be written to is decided when the shard is cut",
    ),
    dict(
        name="a doubt outranks what was accepted (order of facts)",
        file="Sources/Shared/Engine/Campaign/OutcomeJoin.swift",
        find='case .accepted: 5',
        replace='case .accepted: 3',
        suite="EngineTests.OutcomeJoinTests",
        test="a report replaces what is less, and nothing else",
    ),
    dict(
        name="any key is on the allow-list",
        file="Sources/Shared/Transport/ZAPRequest.swift",
        find='guard let name = list.name(of: key) else { return .refused(.unknownKey) }',
        replace='let name = list.name(of: key) ?? "anybody"',
        suite="TransportTests.AuthenticatorTests",
        test="an unknown key is refused, and all three sides say so",
    ),
    # The worker.
    dict(
        name="the intent is not written",
        file="Sources/Worker/Journal/JournalFile.swift",
        find='intents: batch.intents,',
        replace='intents: batch.intents.filter { _ in false },',
        suite="WorkerTests.JournalWriterTests",
        test="an intent that was confirmed is in doubt in the next process",
    ),
    dict(
        name="the last byte does not wait for the intent",
        file="Sources/Worker/Runner/ShardRunner.swift",
        find='self.proceeds.append(proceed)',
        replace='''self.proceeds.append { _ in }
        self.letGo(target, proceed)''',
        suite="WorkerTests.ShardRunnerTests",
        test="it waits until the journal has its intent",
    ),
    dict(
        name="the deadline is not looked at before the dot",
        file="Sources/Worker/Runner/ShardRunner.swift",
        find='guard self.book.mayProceed(target, at: self.now()) else { return proceed(false) }',
        replace='_ = self.book.mayProceed(target, at: self.now())',
        suite="WorkerTests.ShardRunnerTests",
        test="it does not go once the lease ran out while the journal wrote",
    ),
    dict(
        name="a lease runs from when its grant came",
        file="Sources/Shared/Engine/Worker/LeaseBook+Grants.swift",
        find='lease.deadline = credit.sent.advanced(byMilliseconds: self.ttl)',
        replace='''_ = credit
        lease.deadline = now.advanced(byMilliseconds: self.ttl)''',
        suite="EngineTests.LeaseBookTests",
        test="a lease runs from when its credit was sent, and the last byte is refused from the deadline on",
    ),
    dict(
        name="a grant that comes again is taken again (epoch guard)",
        file="Sources/Shared/Engine/Worker/LeaseBook+Grants.swift",
        find='guard offer.epoch.rawValue > self.highestEpoch else { return .repeated }',
        replace='',
        suite="EngineTests.LeaseBookTests",
        test="what cannot be worked on is refused, what was seen before is left alone",
    ),
    dict(
        name="journal rows go before they are acknowledged",
        file="Sources/Worker/Journal/JournalStore.swift",
        find='let freeing = min(acknowledged, self.lastNumber)',
        replace='let freeing = max(acknowledged, self.lastNumber)',
        suite="WorkerTests.JournalTests",
        test="a kill after every step leaves what was committed until then",
    ),
    dict(
        name="freeing a row forgets its open intents",
        file="Sources/Worker/Journal/JournalStore.swift",
        find='records.append(.intent(epoch: target.epoch, position: target.position))',
        replace='_ = target',
        suite="WorkerTests.JournalTests",
        test="freeing a row carries its open intents into a new one",
    ),
    # The dialogue and the message.
    dict(
        name="a dot that begins a line is not doubled (dot-stuffing)",
        file="Sources/Shared/Mail/MIMETransfer.swift",
        find='if self.column == 0, self.dotStuffed, source[start] == .dot { self.put(.dot) }',
        replace='',
        suite="MailTests.HostileValueTests",
        test="headers, text and HTML read back as they went in, and nothing else is there",
    ),
    dict(
        name="control characters stay in header values (header injection)",
        file="Sources/Shared/Mail/HeaderText.swift",
        find='if byte &- 0x20 > 0x5E || (byte == UInt8(ascii: "?") && previous == .equals) { return false }',
        replace='if byte > 0x7E || (byte == UInt8(ascii: "?") && previous == .equals) { return false }',
        suite="MailTests.HostileValueTests",
        test="headers, text and HTML read back as they went in, and nothing else is there",
    ),
    dict(
        name="any address goes into the envelope",
        file="Sources/Shared/Mail/SMTPSessionMessages.swift",
        find='return bytes.allSatisfy { $0 > 32 && $0 != 127 && $0 != 60 && $0 != 62 }',
        replace='return true',
        suite="SMTPTests.MessageTests",
        test="addresses that would break the dialogue are refused here",
    ),
    dict(
        name="without STARTTLS it goes on in the clear",
        file="Sources/Shared/Mail/SMTPSessionOpening.swift",
        find='''            guard self.settings.tlsPolicy == .opportunistic else {
                return self.end("the relay offers no STARTTLS, and encryption is required")
            }
''',
        replace='',
        suite="SMTPTests.OpeningTests",
        test="what makes a relay unusable is said once, and nothing secret is sent",
    ),
    dict(
        name="credentials go out without encryption",
        file="Sources/Shared/Mail/SMTPSessionOpening.swift",
        find='''        guard self.isEncrypted else {
            return self.end("credentials are configured, and they are never sent without encryption")
        }
''',
        replace='',
        suite="SMTPTests.OpeningTests",
        test="what makes a relay unusable is said once, and nothing secret is sent",
    ),
    dict(
        name="what came in the clear behind STARTTLS counts as encrypted",
        file="Sources/Shared/Mail/SMTPSession.swift",
        find='if self.phase == .handshake { return self.end("the relay sent bytes after its answer to STARTTLS") }',
        replace='',
        suite="SMTPTests.OpeningTests",
        test="bytes behind the answer to STARTTLS end the session",
    ),
    dict(
        name="a message without a reply to its dot is tried again",
        file="Sources/Shared/Mail/SMTPSession.swift",
        find='case .dot: self.resolve(first.id, .noReply(problem: problem))',
        replace='case .dot: self.resolve(first.id, .notBegun)',
        suite="SMTPTests.LossTests",
        test="a dialogue that ends is settled by how far it came",
    ),
]
