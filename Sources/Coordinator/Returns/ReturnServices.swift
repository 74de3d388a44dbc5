import Domain
import Engine
import Logging
import ServiceLifecycle
import Signing
import Transport
import UserFiles

extension Settings {
    /// What the loop is told of returned mail; makes the key of return paths on a new installation.
    ///
    /// - Throws: ``TransportError/Code/file`` when the key is unusable.
    func returnOptions() throws(TransportError) -> ReturnOptions? {
        guard let returns = self.returns else { return nil }
        let path = "\(self.keysFolder)/\(ReturnOptions.keyFile)"
        _ = try SecretFile.make(
            path,
            comment: "Proves return paths. With another one, notices about messages that were sent before are refused."
        )
        return ReturnOptions(
            local: returns.local,
            domain: returns.domain,
            key: ReturnPathKey(try SecretFile.read(path)),
            rules: ReturnRules(
                permanentMax: returns.permanentMax,
                temporaryDays: returns.temporaryDays,
                temporaryWithinMilliseconds: returns.temporaryWithinMilliseconds
            )
        )
    }
}

/// The ways in which returned mail comes.
enum ReturnServices {
    /// Those that are configured.
    static func make(
        _ settings: ReturnSettings,
        _ options: ReturnOptions,
        loop: CoordinatorLoop,
        record: ReturnRecord,
        logger: Logger
    ) -> [any Service] {
        let scan = ReturnPathScan(key: options.key, local: options.local, domain: options.domain)
        let desk = ReturnDesk(notice: ReturnedNotice(scan: scan), record: record, logger: logger) { report in
            try await loop.ask { try $0.takeReturn(report) }
        }
        var services: [any Service] = []
        if let listen = settings.listen {
            services.append(LMTPService(listen: listen, desk: desk, logger: logger))
        }
        if let folder = settings.maildir {
            services.append(
                MaildirService(
                    folder: folder,
                    pollMilliseconds: settings.pollMilliseconds,
                    desk: desk
                )
            )
        }
        return services
    }
}
