/// The `postrider.yaml` that `postrider init` writes: works as it is, and says what can be changed.
enum StarterSettings {
    static let text = """
        # Settings of Postrider. Every key may be left out: what stands here are the defaults, examples are commented out.
        # Relative paths start from this folder. ${NAME} takes a value from the environment.

        data_dir: ./data                        # database and journals
        store: sqlite

        coordinator:
          workers_listen: tcp://127.0.0.1:7700  # workers; encrypted, and only those in keys/workers.allow
          api_listen: 127.0.0.1:7701            # operators, with a token from tokens/; keep it on this machine
          public_listen: 127.0.0.1:7702         # recipients and providers
          # public_url: https://go.example.org  # what links in messages begin with; https
          # lease_ttl: 60s                      # how long a worker may send after it last asked; 5s to 10m

        worker:
          coordinator: tcp://127.0.0.1:7700
          connections: 32                       # open connections of one worker to relays; 1 to 1024

        # Ways out. This one is a test relay: `postrider sink` answers there and delivers nothing.
        relays:
          - name: main
            channel: email
            url: smtp://127.0.0.1:2525          # or smtps://HOST for TLS from the first byte
          # - name: provider
          #   url: smtp://mail.example.org:587
          #   user: ann
          #   password_file: provider.password  # a file that only you may read (chmod 600)
          #   tls: required                     # or opportunistic, off; required except on this machine
          #   dkim: spring                      # a key under dkim:, or relay: it signs; must be said except on this machine
          #   throttles: ["50/s", "200000/day"] # QUANTITY/PERIOD[,burst=N]; without one nothing is slowed down
          #   cost_per_message: 0.0001
          #   retries: { delays: [5m, 15m, 30m, 1h, 2h, 4h], jitter: 0.2 }

        # Keys that messages are signed with: `postrider dkim key` makes them.
        # dkim:
        #   spring: { domain: example.org, selector: s1, key_file: keys/dkim-example.org-s1.key }

        # Limits per recipient domain, over all relays and workers; a domain without an entry of its own takes `default`.
        # sites:
        #   default: { throttles: ["100/s"], connections: 20 }
        #   gmail.com: { throttles: ["200/s,burst=400"] }
        #   rollup: { googlemail.com: gmail.com }

        # throttles: ["10000/s"]                # the whole cluster
        # approval: two_person                  # or self: who submitted a campaign may approve it
        # approval_expires: 7d
        # test_addresses: [me@example.org]      # whom `campaign preview --send-to` may write to
        # consent: default                      # gdpr, us: what a channel needs before somebody is written to (docs/import.md)
        # retention: { replies: 90d, rejects: 30d, contacts: 730d } # without it all is kept until somebody is erased
        # orphan_grace: 10m                     # how long a worker that went silent keeps what it was sending
        # log: { level: info, format: json }    # format: text for people
        # journal: { sync: process }            # power: survives a power cut, for an fsync per group of messages

        """
}
