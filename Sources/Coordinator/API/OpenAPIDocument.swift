/// docs/openapi.yaml, so that an installed program has it; `make openapi` writes this file.
enum OpenAPIDocument {
    /// The file as it is.
    static let text = ##"""
        # The coordinator's HTTP API. Served at /openapi.yaml; after a change here: make openapi. docs/api.md tells the same for people.
        # x-role is the least role that a token needs; a test compares it with what the coordinator asks for.
        openapi: 3.1.0
        info:
          title: Postrider
          version: "0.1"
          description: |
            What operators and programs ask of a coordinator. Times are RFC 3339 in UTC. Every error is application/problem+json.
            A query parameter or a key of a body that a request does not know is refused with 400.
            A POST may carry an Idempotency-Key: the same request again within a day gets the same answer and does nothing twice.
        servers: [{ url: "http://127.0.0.1:7701" }]
        security: [{ token: [] }]
        paths:
          /healthz:
            get:
              operationId: health
              summary: The process runs
              security: []
              x-role: none
              responses: { "200": { description: It does, content: { text/plain: { schema: { type: string } } } } }
          /readyz:
            get:
              operationId: readiness
              summary: The loop turns and the self-test passed
              security: []
              x-role: none
              responses:
                "200": { description: Ready, content: { application/json: { schema: { $ref: "#/components/schemas/Readiness" } } } }
                "503": { description: Not ready, content: { application/json: { schema: { $ref: "#/components/schemas/Readiness" } } } }
          /metrics:
            get:
              operationId: metrics
              summary: Metrics in Prometheus text form
              security: []
              x-role: none
              responses: { "200": { description: Metrics, content: { text/plain: { schema: { type: string } } } } }
          /openapi.yaml:
            get:
              operationId: openapi
              summary: This file
              security: []
              x-role: none
              responses: { "200": { description: This file, content: { application/yaml: { schema: {} } } } }
          /v1/imports:
            get:
              operationId: imports
              summary: The newest 1,000 imports, newest first
              x-role: operator
              responses:
                "200":
                  description: Imports
                  content:
                    application/json:
                      schema:
                        type: object
                        required: [imports]
                        properties: { imports: { type: array, items: { $ref: "#/components/schemas/ImportListing" } } }
                default: { $ref: "#/components/responses/Problem" }
            post:
              operationId: importContacts
              summary: Imports a file of contacts
              x-role: operator
              parameters:
                - { $ref: "#/components/parameters/idempotencyKey" }
                - { name: file, in: query, required: true, description: The file's name, schema: { type: string, minLength: 1 } }
                - { name: list, in: query, description: A list that the contacts join, schema: { type: string } }
                - { name: source, in: query, description: Where they come from, schema: { type: string } }
                - { name: basis, in: query, description: The lawful basis, schema: { type: string } }
                - { name: proof, in: query, description: What shows that basis, schema: { type: string } }
                - name: channels
                  in: query
                  description: "What the basis is for, separated by commas: email, sms, webhook, print, canvass"
                  schema: { type: string }
                - { name: on_conflict, in: query, schema: { enum: [merge, replace, keep], default: merge } }
                - name: dry_run
                  in: query
                  description: Say what would change, and change nothing
                  schema: { enum: ["true", "false"], default: "false" }
                - { name: layout, in: query, description: A known layout without headers, schema: { enum: [florida, new_york] } }
                - { name: map, in: query, description: A mapping file as JSON, schema: { type: string } }
              requestBody: { required: true, content: { application/octet-stream: { schema: { type: string, format: binary } } } }
              responses:
                "200": { description: What it did, content: { application/json: { schema: { $ref: "#/components/schemas/Import" } } } }
                default: { $ref: "#/components/responses/Problem" }
          /v1/imports/{id}/rejects:
            get:
              operationId: importRejects
              summary: Rows that were not taken, as CSV
              x-role: operator
              parameters: [{ $ref: "#/components/parameters/id" }]
              responses:
                "200": { description: "line, column, reason and the columns of the file", content: { text/csv: { schema: { type: string } } } }
                default: { $ref: "#/components/responses/Problem" }
          /v1/imports/{id}/undo:
            post:
              operationId: undoImport
              summary: Takes back what an import did; the newest one first
              x-role: operator
              parameters: [{ $ref: "#/components/parameters/id" }, { $ref: "#/components/parameters/idempotencyKey" }]
              responses:
                "200": { description: The import, content: { application/json: { schema: { $ref: "#/components/schemas/UndoneImport" } } } }
                default: { $ref: "#/components/responses/Problem" }
          /v1/contacts/show:
            post:
              operationId: showContact
              summary: Everything that is known of a person
              x-role: operator
              requestBody: { $ref: "#/components/requestBodies/Person" }
              responses:
                "200":
                  description: The contacts with this address
                  content:
                    application/json:
                      schema:
                        type: object
                        required: [contacts]
                        properties: { contacts: { type: array, items: { $ref: "#/components/schemas/Person" } } }
                default: { $ref: "#/components/responses/Problem" }
          /v1/contacts/erase:
            post:
              operationId: eraseContact
              summary: Erases everything about a person, but for a keyed hash among the suppressed addresses
              x-role: operator
              parameters: [{ $ref: "#/components/parameters/idempotencyKey" }]
              requestBody: { $ref: "#/components/requestBodies/Person" }
              responses:
                "200":
                  description: What was erased; no file has the person any more
                  content:
                    application/json:
                      schema:
                        type: object
                        required: [contacts, messages, rejected_rows, hashes, mentions]
                        properties:
                          contacts: { type: integer, description: None when nobody had the address }
                          messages: { $ref: "#/components/schemas/Count" }
                          rejected_rows: { $ref: "#/components/schemas/Count" }
                          hashes: { type: array, items: { type: string } }
                          mentions: { type: array, items: { type: string }, description: "Operators' own documents that name the person" }
                default: { $ref: "#/components/responses/Problem" }
          /v1/contacts/export:
            get:
              operationId: exportContacts
              summary: All contacts, as a table or as one line of JSON for each
              x-role: operator
              parameters: [{ name: form, in: query, schema: { enum: [ndjson, csv], default: ndjson } }]
              responses:
                "200":
                  description: Contacts
                  content:
                    text/csv: { schema: { type: string } }
                    application/x-ndjson: { schema: { type: string } }
                default: { $ref: "#/components/responses/Problem" }
          /v1/suppressions:
            get:
              operationId: suppressions
              summary: Addresses that must not be written to, by their hash; one line of JSON for each
              x-role: viewer
              responses:
                "200": { description: Lines of JSON, content: { application/x-ndjson: { schema: { type: string } } } }
                default: { $ref: "#/components/responses/Problem" }
            post:
              operationId: suppress
              summary: An address must not be written to any more, from the answer on
              x-role: operator
              parameters: [{ $ref: "#/components/parameters/idempotencyKey" }]
              requestBody:
                required: true
                content:
                  application/json:
                    schema:
                      type: object
                      additionalProperties: false
                      required: [address]
                      properties:
                        address: { type: string }
                        channel: { type: [string, "null"] }
                        reason: { type: [string, "null"] }
                        evidence: { type: [string, "null"] }
              responses:
                "200":
                  description: The suppression, and whether it is new
                  content:
                    application/json:
                      schema:
                        type: object
                        required: [added, suppression]
                        properties: { added: { type: boolean }, suppression: { $ref: "#/components/schemas/Suppression" } }
                default: { $ref: "#/components/responses/Problem" }
          /v1/suppressions/remove:
            post:
              operationId: unsuppress
              summary: An address may be written to again, and why
              x-role: approver
              parameters: [{ $ref: "#/components/parameters/idempotencyKey" }]
              requestBody:
                required: true
                content:
                  application/json:
                    schema:
                      type: object
                      additionalProperties: false
                      required: [address, reason]
                      properties: { address: { type: string }, channel: { type: [string, "null"] }, reason: { type: string } }
              responses:
                "200":
                  description: The suppression as it was
                  content: { application/json: { schema: { $ref: "#/components/schemas/Suppression" } } }
                default: { $ref: "#/components/responses/Problem" }
          /v1/suppressions/import:
            post:
              operationId: importSuppressions
              summary: Takes a file of addresses that must not be written to
              x-role: operator
              parameters:
                - { $ref: "#/components/parameters/idempotencyKey" }
                - { name: file, in: query, required: true, description: The file's name, schema: { type: string, minLength: 1 } }
                - { name: channel, in: query, schema: { type: string } }
                - { name: reason, in: query, schema: { type: string } }
              requestBody: { required: true, content: { application/octet-stream: { schema: { type: string, format: binary } } } }
              responses:
                "200":
                  description: What it did
                  content: { application/json: { schema: { type: object, required: [rows, added, known, rejected, first_rejects, rejects, passed_columns] } } }
                default: { $ref: "#/components/responses/Problem" }
          /v1/segments/count:
            post:
              operationId: countSegment
              summary: How many contacts an expression fits
              x-role: viewer
              parameters: [{ $ref: "#/components/parameters/idempotencyKey" }]
              requestBody:
                required: true
                content:
                  application/json:
                    schema:
                      type: object
                      additionalProperties: false
                      required: [expression]
                      properties:
                        expression: { type: string }
                        by: { type: [string, "null"], description: site or the name of a field }
                    example: { expression: "state = 'IA' and first_time" }
              responses:
                "200":
                  description: The count
                  content:
                    application/json:
                      schema:
                        type: object
                        required: [count, by, rows]
                        properties:
                          count: { $ref: "#/components/schemas/Count" }
                          by: { type: [string, "null"] }
                          rows: { type: array, items: { type: object, required: [key, count] } }
                default: { $ref: "#/components/responses/Problem" }
          /v1/segments:
            get:
              operationId: segments
              summary: Defined segments, by name
              x-role: viewer
              responses:
                "200":
                  description: The segments
                  content:
                    application/json:
                      schema:
                        type: object
                        required: [segments]
                        properties: { segments: { type: array, items: { $ref: "#/components/schemas/Segment" } } }
                default: { $ref: "#/components/responses/Problem" }
          /v1/segments/{name}:
            get:
              operationId: segment
              summary: A defined segment
              x-role: viewer
              parameters: [{ $ref: "#/components/parameters/name" }]
              responses: { "200": { $ref: "#/components/responses/Segment" }, default: { $ref: "#/components/responses/Problem" } }
            put:
              operationId: defineSegment
              summary: Gives a condition a name, or a name another condition
              x-role: operator
              parameters: [{ $ref: "#/components/parameters/name" }]
              requestBody:
                required: true
                content:
                  application/json:
                    schema: { type: object, additionalProperties: false, required: [expression], properties: { expression: { type: string } } }
              responses: { "200": { $ref: "#/components/responses/Segment" }, default: { $ref: "#/components/responses/Problem" } }
          /v1/campaigns/check:
            post:
              operationId: checkCampaign
              summary: What submitting a campaign file would do
              x-role: operator
              parameters: [{ $ref: "#/components/parameters/idempotencyKey" }]
              requestBody: { $ref: "#/components/requestBodies/CampaignFile" }
              responses:
                "200": { description: What it would do, content: { application/json: { schema: { $ref: "#/components/schemas/Check" } } } }
                default: { $ref: "#/components/responses/Problem" }
          /v1/campaigns:
            get:
              operationId: campaigns
              summary: All campaigns, newest first
              x-role: viewer
              parameters: [{ $ref: "#/components/parameters/cursor" }, { $ref: "#/components/parameters/limit" }]
              responses:
                "200":
                  description: One page
                  content:
                    application/json:
                      schema:
                        type: object
                        required: [campaigns, next_cursor]
                        properties:
                          campaigns: { type: array, items: { $ref: "#/components/schemas/Campaign" } }
                          next_cursor: { $ref: "#/components/schemas/NextCursor" }
                default: { $ref: "#/components/responses/Problem" }
            post:
              operationId: submitCampaign
              summary: Submits a campaign file, or replaces a campaign that has not started
              x-role: operator
              parameters:
                - { $ref: "#/components/parameters/idempotencyKey" }
                - { name: id, in: query, description: The campaign to replace; its approval is void, schema: { type: string } }
              requestBody: { $ref: "#/components/requestBodies/CampaignFile" }
              responses:
                "200": { $ref: "#/components/responses/Submission" }
                default: { $ref: "#/components/responses/Problem" }
          /v1/campaigns/plan:
            post:
              operationId: planCampaign
              summary: Audience, cost, limits and the predicted finish of a campaign file
              x-role: operator
              parameters: [{ $ref: "#/components/parameters/idempotencyKey" }]
              requestBody: { $ref: "#/components/requestBodies/CampaignFile" }
              responses:
                "200":
                  description: The plan
                  content:
                    application/json:
                      schema:
                        type: object
                        required: [name, audience, messages, variants, missing, excluded, waiting, sites, cost, budget, relay, finish, diagnostics]
                default: { $ref: "#/components/responses/Problem" }
          /v1/campaigns/preview:
            post:
              operationId: previewCampaign
              summary: Messages as they would be sent, for one contact or a sample; nothing is sent to them
              x-role: operator
              parameters: [{ $ref: "#/components/parameters/idempotencyKey" }]
              requestBody:
                required: true
                content:
                  application/json:
                    schema:
                      type: object
                      additionalProperties: false
                      required: [file, source, files]
                      properties:
                        file: { type: string }
                        source: { type: string }
                        files: { type: object, additionalProperties: { type: string } }
                        contact: { type: [string, "null"], description: An address }
                        sample: { type: [integer, "null"], minimum: 1, maximum: 100 }
                        seed: { type: [integer, "null"], minimum: 0 }
                        send_to: { type: [string, "null"], description: One of the configuration's test_addresses, to which they are sent as tests }
              responses:
                "200":
                  description: The messages
                  content:
                    application/json:
                      schema: { type: object, required: [messages], properties: { messages: { type: array, items: { type: object } } } }
                default: { $ref: "#/components/responses/Problem" }
          /v1/campaigns/{id}/clone:
            post:
              operationId: cloneCampaign
              summary: A new campaign of the same file, templates and segments, not approved
              x-role: operator
              parameters:
                - $ref: "#/components/parameters/id"
                - { name: unsent, in: query, schema: { type: boolean }, description: only for people of an ended campaign who got nothing of it }
                - { name: budget, in: query, schema: { type: integer, minimum: 1 }, description: messages; in place of its budget }
                - $ref: "#/components/parameters/idempotencyKey"
              responses: { "200": { $ref: "#/components/responses/Submission" }, default: { $ref: "#/components/responses/Problem" } }
          /v1/campaigns/{id}:
            get:
              operationId: campaign
              summary: Where a campaign stands
              x-role: viewer
              parameters: [{ $ref: "#/components/parameters/id" }]
              responses: { "200": { $ref: "#/components/responses/Campaign" }, default: { $ref: "#/components/responses/Problem" } }
          /v1/campaigns/{id}/approve:
            post:
              operationId: approveCampaign
              summary: Approves and starts; an approver who did not submit it, or the submitter with `approval self`
              x-role: operator
              parameters:
                - $ref: "#/components/parameters/id"
                - { name: digest, in: query, schema: { type: string, pattern: "^[0-9A-Fa-f]{64}$" }, description: of what the approver looked at; 409 when it is another one now }
                - $ref: "#/components/parameters/idempotencyKey"
              responses: { "200": { $ref: "#/components/responses/Campaign" }, default: { $ref: "#/components/responses/Problem" } }
          /v1/campaigns/{id}/file:
            get:
              operationId: campaignText
              summary: A campaign as it was submitted, which is what an approval covers
              x-role: viewer
              parameters: [{ $ref: "#/components/parameters/id" }]
              responses:
                "200":
                  description: The campaign file with the texts and segments it names
                  content: { application/json: { schema: { $ref: "#/components/schemas/CampaignText" } } }
                default: { $ref: "#/components/responses/Problem" }
          /v1/campaigns/{id}/start:
            post:
              operationId: startCampaign
              summary: Starts what is approved
              x-role: operator
              parameters: [{ $ref: "#/components/parameters/id" }, { $ref: "#/components/parameters/idempotencyKey" }]
              responses: { "200": { $ref: "#/components/responses/Campaign" }, default: { $ref: "#/components/responses/Problem" } }
          /v1/campaigns/{id}/pause:
            post:
              operationId: pauseCampaign
              summary: Sends nothing more until it is resumed
              x-role: operator
              parameters: [{ $ref: "#/components/parameters/id" }, { $ref: "#/components/parameters/idempotencyKey" }]
              responses: { "200": { $ref: "#/components/responses/Campaign" }, default: { $ref: "#/components/responses/Problem" } }
          /v1/campaigns/{id}/resume:
            post:
              operationId: resumeCampaign
              summary: Goes on after a pause
              x-role: operator
              parameters: [{ $ref: "#/components/parameters/id" }, { $ref: "#/components/parameters/idempotencyKey" }]
              responses: { "200": { $ref: "#/components/responses/Campaign" }, default: { $ref: "#/components/responses/Problem" } }
          /v1/campaigns/{id}/override:
            post:
              operationId: overrideCampaign
              summary: Goes on although a guard stopped it
              x-role: approver
              parameters: [{ $ref: "#/components/parameters/id" }, { $ref: "#/components/parameters/idempotencyKey" }]
              responses: { "200": { $ref: "#/components/responses/Campaign" }, default: { $ref: "#/components/responses/Problem" } }
          /v1/campaigns/{id}/cancel:
            post:
              operationId: cancelCampaign
              summary: Ends it for good
              x-role: operator
              parameters: [{ $ref: "#/components/parameters/id" }, { $ref: "#/components/parameters/idempotencyKey" }]
              responses: { "200": { $ref: "#/components/responses/Campaign" }, default: { $ref: "#/components/responses/Problem" } }
          /v1/campaigns/{id}/retry:
            post:
              operationId: retryTargets
              summary: Tries targets with one outcome again
              x-role: operator
              parameters: [{ $ref: "#/components/parameters/id" }, { $ref: "#/components/parameters/idempotencyKey" }]
              requestBody:
                required: true
                content:
                  application/json:
                    schema:
                      type: object
                      additionalProperties: false
                      required: [outcome]
                      properties: { outcome: { enum: [bounced, failed, expired, deferred] } }
              responses: { "200": { $ref: "#/components/responses/Campaign" }, default: { $ref: "#/components/responses/Problem" } }
          /v1/campaigns/{id}/resolve:
            post:
              operationId: resolveDoubt
              summary: Decides about targets that are in doubt
              x-role: operator
              parameters: [{ $ref: "#/components/parameters/id" }, { $ref: "#/components/parameters/idempotencyKey" }]
              requestBody:
                required: true
                content:
                  application/json:
                    schema: { type: object, additionalProperties: false, required: [decision], properties: { decision: { enum: [resend, skip] } } }
              responses: { "200": { $ref: "#/components/responses/Campaign" }, default: { $ref: "#/components/responses/Problem" } }
          /v1/campaigns/{id}/report:
            get:
              operationId: report
              summary: A campaign's counts, taken apart
              x-role: viewer
              parameters:
                - { $ref: "#/components/parameters/id" }
                - { name: by, in: query, description: "site, variant or the name of a field", schema: { type: string } }
              responses:
                "200": { description: The counts, content: { application/json: { schema: { $ref: "#/components/schemas/Report" } } } }
                default: { $ref: "#/components/responses/Problem" }
          /v1/campaigns/{id}/targets:
            get:
              operationId: targets
              summary: Who got what, one line of JSON for each target
              x-role: viewer
              parameters:
                - { $ref: "#/components/parameters/id" }
                - name: outcome
                  in: query
                  schema:
                    enum: [pending, leased, accepted, deferred, bounced, suppressed, in_doubt, expired, cancelled, failed]
              responses:
                "200": { description: Lines of JSON, content: { application/x-ndjson: { schema: { type: string } } } }
                default: { $ref: "#/components/responses/Problem" }
          /v1/top:
            get:
              operationId: top
              summary: What is going on now
              x-role: viewer
              responses:
                "200":
                  description: Campaigns, lanes, relays and workers
                  content:
                    application/json:
                      schema: { type: object, required: [at, build, restored, campaigns, lanes, relays, workers] }
                default: { $ref: "#/components/responses/Problem" }
          /v1/workers:
            get:
              operationId: workers
              summary: Every worker and what it does
              x-role: viewer
              responses:
                "200":
                  description: The workers
                  content:
                    application/json:
                      schema:
                        type: object
                        required: [workers]
                        properties: { workers: { type: array, items: { $ref: "#/components/schemas/Worker" } } }
                default: { $ref: "#/components/responses/Problem" }
            post:
              operationId: addWorker
              summary: Admits a worker
              x-role: admin
              parameters: [{ $ref: "#/components/parameters/idempotencyKey" }]
              requestBody:
                required: true
                content:
                  application/json:
                    schema:
                      type: object
                      additionalProperties: false
                      required: [name, public_key]
                      properties:
                        name: { type: string, pattern: "^[a-z0-9-]{1,32}$" }
                        public_key: { type: string, description: 40 characters of Z85 }
              responses: { "200": { $ref: "#/components/responses/Worker" }, default: { $ref: "#/components/responses/Problem" } }
          /v1/workers/{name}:
            delete:
              operationId: removeWorker
              summary: Shuts a worker out at once
              x-role: admin
              parameters: [{ $ref: "#/components/parameters/name" }]
              responses: { "200": { $ref: "#/components/responses/Worker" }, default: { $ref: "#/components/responses/Problem" } }
          /v1/workers/{name}/drain:
            post:
              operationId: drainWorker
              summary: Has a worker hand back what it has not begun, and gives it nothing more
              x-role: operator
              parameters: [{ $ref: "#/components/parameters/name" }, { $ref: "#/components/parameters/idempotencyKey" }]
              responses: { "200": { $ref: "#/components/responses/Worker" }, default: { $ref: "#/components/responses/Problem" } }
            delete:
              operationId: undrainWorker
              summary: Gives a worker work again
              x-role: operator
              parameters: [{ $ref: "#/components/parameters/name" }]
              responses: { "200": { $ref: "#/components/responses/Worker" }, default: { $ref: "#/components/responses/Problem" } }
          /v1/why:
            post:
              operationId: why
              summary: Why a person did or did not get each campaign's message
              x-role: viewer
              parameters: [{ $ref: "#/components/parameters/idempotencyKey" }]
              requestBody:
                required: true
                content:
                  application/json:
                    schema:
                      type: object
                      additionalProperties: false
                      required: [address]
                      properties: { address: { type: string }, campaign: { type: [string, "null"] }, cursor: { type: [string, "null"] } }
                    example: { address: ann@example.org }
              responses:
                "200": { description: The reasons, content: { application/json: { schema: { $ref: "#/components/schemas/Why" } } } }
                default: { $ref: "#/components/responses/Problem" }
          /v1/tokens:
            get:
              operationId: tokens
              summary: All tokens, without their text
              x-role: admin
              responses:
                "200":
                  description: The tokens
                  content:
                    application/json:
                      schema:
                        type: object
                        required: [tokens]
                        properties: { tokens: { type: array, items: { $ref: "#/components/schemas/Token" } } }
                default: { $ref: "#/components/responses/Problem" }
            post:
              operationId: addToken
              summary: Makes a token; its text is said in the answer and never again
              x-role: admin
              parameters: [{ $ref: "#/components/parameters/idempotencyKey" }]
              requestBody:
                required: true
                content:
                  application/json:
                    schema:
                      type: object
                      additionalProperties: false
                      required: [name, role]
                      properties:
                        name: { type: string, pattern: "^[a-z0-9-]{1,64}$" }
                        role: { $ref: "#/components/schemas/Role" }
                        expires_in: { type: [integer, "null"], minimum: 60, maximum: 315360000, description: In seconds }
              responses:
                "200":
                  description: The token
                  content:
                    application/json:
                      schema:
                        type: object
                        required: [name, role, token, expires_at]
                        properties:
                          name: { type: string }
                          role: { $ref: "#/components/schemas/Role" }
                          token: { type: string }
                          expires_at: { $ref: "#/components/schemas/TimeOrNull" }
                default: { $ref: "#/components/responses/Problem" }
          /v1/tokens/{name}:
            delete:
              operationId: revokeToken
              summary: Makes a token worthless from the next request on
              x-role: admin
              parameters: [{ $ref: "#/components/parameters/name" }]
              responses:
                "200": { description: The token, content: { application/json: { schema: { $ref: "#/components/schemas/Token" } } } }
                default: { $ref: "#/components/responses/Problem" }
          /v1/audit:
            get:
              operationId: audit
              summary: Who did what, one line of JSON for each act, oldest first
              x-role: viewer
              parameters:
                - { name: above, in: query, description: Only rows above this one, schema: { type: integer, format: int64, minimum: 0 } }
              responses:
                "200": { description: Lines of JSON, content: { application/x-ndjson: { schema: { type: string } } } }
                default: { $ref: "#/components/responses/Problem" }
          /v1/audit/verification:
            get:
              operationId: verifyAudit
              summary: Whether the audit is as it was written
              x-role: viewer
              responses:
                "200": { description: The finding, content: { application/json: { schema: { $ref: "#/components/schemas/Verification" } } } }
                default: { $ref: "#/components/responses/Problem" }
          /v1/restore:
            get:
              operationId: restore
              summary: Whether the data were restored or copied
              x-role: viewer
              responses: { "200": { $ref: "#/components/responses/Restore" }, default: { $ref: "#/components/responses/Problem" } }
          /v1/restore/accept:
            post:
              operationId: acceptRestore
              summary: Sends again on restored data; what may have been sent since is in doubt
              x-role: admin
              parameters: [{ $ref: "#/components/parameters/idempotencyKey" }]
              responses: { "200": { $ref: "#/components/responses/Restore" }, default: { $ref: "#/components/responses/Problem" } }
        components:
          securitySchemes: { token: { type: http, scheme: bearer } }
          parameters:
            id: { name: id, in: path, required: true, schema: { type: string, minLength: 1 } }
            name: { name: name, in: path, required: true, schema: { type: string, minLength: 1 } }
            cursor: { name: cursor, in: query, description: next_cursor of the page before, schema: { type: string } }
            limit: { name: limit, in: query, schema: { type: integer, minimum: 1, maximum: 1000, default: 100 } }
            idempotencyKey:
              name: Idempotency-Key
              in: header
              description: Names this request; the same again gets the same answer
              schema: { type: string, minLength: 1, maxLength: 128, pattern: "^[!-~]+$" }
          requestBodies:
            Person:
              required: true
              content:
                application/json:
                  schema:
                    type: object
                    additionalProperties: false
                    required: [address]
                    properties: { address: { type: string, description: An e-mail address or a telephone number } }
            CampaignFile:
              required: true
              content:
                application/json:
                  schema:
                    type: object
                    additionalProperties: false
                    required: [file, source, files]
                    properties:
                      file: { type: string, description: The file's name }
                      source: { type: string, description: The YAML or JSON itself }
                      files: { type: object, description: "The texts it names, by name", additionalProperties: { type: string } }
          responses:
            Problem:
              description: What is wrong, where, and what is allowed
              content: { application/problem+json: { schema: { $ref: "#/components/schemas/Problem" } } }
            Campaign: { description: The campaign, content: { application/json: { schema: { $ref: "#/components/schemas/Campaign" } } } }
            Submission:
              description: The campaign
              content: { application/json: { schema: { $ref: "#/components/schemas/Submission" } } }
            Segment: { description: The segment, content: { application/json: { schema: { $ref: "#/components/schemas/Segment" } } } }
            Worker: { description: The worker, content: { application/json: { schema: { $ref: "#/components/schemas/Worker" } } } }
            Restore: { description: The state, content: { application/json: { schema: { $ref: "#/components/schemas/Restore" } } } }
          schemas:
            Time: { type: string, format: date-time }
            TimeOrNull: { type: [string, "null"], format: date-time }
            NextCursor: { type: [string, "null"], description: Of the next page; null on the last }
            Role: { enum: [viewer, operator, approver, admin] }
            CampaignState: { enum: [draft, submitted, approved, running, paused, finished, cancelled] }
            Count: { type: integer, minimum: 0 }
            CampaignText:
              type: object
              required: [id, name, state, revision, digest, submitted_by, submitted_at, approved_by, approved_at, relay, file, source, files, segments]
              properties:
                id: { type: string }
                name: { type: string }
                state: { $ref: "#/components/schemas/CampaignState" }
                revision: { $ref: "#/components/schemas/Count" }
                digest: { type: string, description: "Of source, files, segments and relay" }
                submitted_by: { type: string }
                submitted_at: { $ref: "#/components/schemas/Time" }
                approved_by: { type: [string, "null"] }
                approved_at: { $ref: "#/components/schemas/TimeOrNull" }
                relay: { type: string }
                file: { type: string, description: The file's name }
                source: { type: string, description: The YAML or JSON itself }
                files: { type: object, description: "The texts it names, by name", additionalProperties: { type: string } }
                segments: { type: object, description: "The segments it names, as they were when it was submitted", additionalProperties: { type: string } }
            Diagnostic:
              type: object
              required: [severity, file, line, column, message]
              properties:
                severity: { enum: [error, warning] }
                file: { type: string }
                line: { $ref: "#/components/schemas/Count" }
                column: { $ref: "#/components/schemas/Count" }
                message: { type: string }
            Problem:
              type: object
              required: [title, status, detail, diagnostics]
              properties:
                title: { type: string }
                status: { type: integer, minimum: 400, maximum: 599 }
                detail: { type: string }
                diagnostics: { type: array, items: { $ref: "#/components/schemas/Diagnostic" } }
                import: { type: string, description: "Where no row of a file could be used: the import whose rejected rows can be had" }
            Readiness:
              type: object
              required: [ready, workers, process, restored]
              properties: { ready: { type: boolean }, workers: { type: integer }, process: { type: integer }, restored: { type: [string, "null"] } }
            Import:
              type: object
              required: [id, rows, created, updated, unchanged, rejected, warnings, first_rejects, first_warnings, warned_columns, fields, opt_outs, unclear, dry_run]
              properties:
                id: { type: [string, "null"], description: null when it was only tried }
                rows: { $ref: "#/components/schemas/Count" }
                created: { $ref: "#/components/schemas/Count" }
                updated: { $ref: "#/components/schemas/Count" }
                unchanged: { $ref: "#/components/schemas/Count" }
                rejected: { $ref: "#/components/schemas/Count" }
                warnings: { $ref: "#/components/schemas/Count" }
                first_rejects: { type: array, items: { type: object, required: [line, column, reason] } }
                first_warnings: { type: array, maxItems: 10, items: { type: object, required: [line, column, reason] } }
                warned_columns: { type: array, items: { type: object, required: [column, warnings] } }
                fields: { type: array, items: { type: object, required: [name, type, column, open] } }
                opt_outs: { type: array, items: { type: object, required: [column, reason, rows] } }
                unclear: { type: array, items: { type: object, required: [column, about, rows, examples], properties: { about: { type: string, enum: [timezone, country, consent] } } } }
                dry_run:
                  type: [object, "null"]
                  required: [new_fields, changed, examples, other_people]
                  properties:
                    new_fields: { type: array, items: { type: string } }
                    changed: { type: array, items: { type: object, required: [field, contacts] } }
                    examples: { type: array, items: { type: object, required: [contact, address, field, before, after] } }
                    other_people:
                      description: Contacts whose address and name would both be others, as when ids of two systems meet
                      $ref: "#/components/schemas/Count"
            ImportListing:
              type: object
              required: [id, file, state, started_at, finished_at, rows, created, updated, unchanged, rejected]
              properties:
                id: { type: string }
                file: { type: string }
                state: { enum: [running, finished, aborted, undoing, undone] }
                started_at: { $ref: "#/components/schemas/Time" }
                finished_at: { $ref: "#/components/schemas/TimeOrNull" }
                rows: { $ref: "#/components/schemas/Count" }
                created: { $ref: "#/components/schemas/Count" }
                updated: { $ref: "#/components/schemas/Count" }
                unchanged: { $ref: "#/components/schemas/Count" }
                rejected: { $ref: "#/components/schemas/Count" }
            UndoneImport:
              allOf:
                - $ref: "#/components/schemas/ImportListing"
                - type: object
                  required: [overlapped]
                  properties:
                    overlapped:
                      type: array
                      description: Imports that ran at the same time under an older version; whoever both changed may not be as before
                      items: { type: string }
            Contact:
              type: object
              required: [contact, fields, id_system, lists, sources, consent, created_at, updated_at]
              properties:
                contact: { type: integer }
                fields: { type: object, description: Those that have a value, additionalProperties: { type: string } }
                id_system: { type: [string, "null"], description: "Whose number external_id is; null: one of your own, or there is none" }
                lists: { type: array, items: { type: string } }
                sources:
                  type: array
                  items:
                    type: object
                    required: [name, file, basis, proof, channels, at]
                    properties:
                      name: { type: string }
                      file: { type: string }
                      basis: { type: string, description: Empty when not stated }
                      proof: { type: string }
                      channels: { type: array, items: { type: string } }
                      at: { $ref: "#/components/schemas/Time" }
                consent: { type: object, description: The bases by channel, additionalProperties: { type: array, items: { type: string } } }
                created_at: { $ref: "#/components/schemas/Time" }
                updated_at: { $ref: "#/components/schemas/Time" }
            Person:
              allOf:
                - $ref: "#/components/schemas/Contact"
                - type: object
                  required: [messages, events, suppressions, left_lists, known_by, imports]
                  properties:
                    messages:
                      type: array
                      items:
                        type: object
                        required: [campaign, name, relay, outcome, reason, attempts]
                        properties:
                          campaign: { type: string }
                          name: { type: string }
                          relay: { type: string }
                          outcome: { type: string }
                          reason: { type: [string, "null"] }
                          attempts: { type: array, items: { type: object, required: [at, outcome, reason, worker, reply] } }
                    events: { type: array, items: { type: object, required: [at, kind, campaign, source, reason, detail] } }
                    suppressions: { type: array, items: { $ref: "#/components/schemas/Suppression" } }
                    left_lists: { type: array, items: { type: object, required: [list, at] } }
                    known_by:
                      type: array
                      description: What the person is known by besides what the contact has now, oldest first
                      items:
                        type: object
                        required: [kind, value, at, import]
                        properties:
                          kind: { type: string, enum: [email, phone, external_id] }
                          value: { type: string }
                          at: { $ref: "#/components/schemas/Time" }
                          import: { type: string }
                    imports: { type: array, items: { type: object, required: [id, file, at] } }
            Check:
              type: object
              required: [name, audience, variants, missing, excluded, diagnostics]
              properties:
                name: { type: string }
                audience: { $ref: "#/components/schemas/Count" }
                variants: { type: array, items: { type: object, required: [name, targets] } }
                missing: { type: array, items: { type: object, required: [field, targets] } }
                excluded: { type: array, items: { type: object, required: [reason, targets] } }
                diagnostics: { type: array, items: { $ref: "#/components/schemas/Diagnostic" } }
            Submission:
              type: object
              required: [id, state, digest, audience, missing, diagnostics]
              properties:
                id: { type: string }
                state: { $ref: "#/components/schemas/CampaignState" }
                digest: { type: string, description: What an approval is bound to }
                audience: { $ref: "#/components/schemas/Count" }
                missing: { type: array, items: { type: object, required: [field, targets] } }
                diagnostics: { type: array, items: { $ref: "#/components/schemas/Diagnostic" } }
            Suppression:
              type: object
              required: [channel, hash, reason, at, evidence, who, contact]
              properties:
                channel: { type: string }
                hash: { type: string }
                reason: { type: string }
                at: { $ref: "#/components/schemas/Time" }
                evidence: { type: [string, "null"] }
                who: { type: [string, "null"] }
                contact: { type: [integer, "null"] }
            Segment:
              type: object
              required: [name, expression, defined_by, defined_at]
              properties:
                name: { type: string }
                expression: { type: string }
                defined_by: { type: string }
                defined_at: { $ref: "#/components/schemas/Time" }
            Counts:
              type: object
              required: [pending, leased, deferred, accepted, bounced, suppressed, in_doubt, expired, cancelled, failed]
              additionalProperties: { $ref: "#/components/schemas/Count" }
            Campaign:
              type: object
              required: [id, name, state, channel, audience, freezing, counts, sent_twice, rate_per_second, started_at, finished_at,
                submitted_at, approved_at, digest, relay, problem]
              properties:
                id: { type: string }
                name: { type: string }
                state: { $ref: "#/components/schemas/CampaignState" }
                channel: { type: string }
                audience: { $ref: "#/components/schemas/Count" }
                freezing: { type: boolean }
                counts: { $ref: "#/components/schemas/Counts" }
                sent_twice: { $ref: "#/components/schemas/Count" }
                rate_per_second: { type: number, minimum: 0 }
                started_at: { $ref: "#/components/schemas/TimeOrNull" }
                finished_at: { $ref: "#/components/schemas/TimeOrNull" }
                submitted_at: { $ref: "#/components/schemas/TimeOrNull" }
                approved_at: { $ref: "#/components/schemas/TimeOrNull" }
                digest: { type: [string, "null"] }
                relay: { type: string }
                problem: { type: [string, "null"] }
            Report:
              type: object
              required: [campaign, by, rows]
              properties:
                campaign: { $ref: "#/components/schemas/Campaign" }
                by: { type: string }
                rows:
                  type: array
                  items:
                    type: object
                    required: [key, audience, counts]
                    properties:
                      key: { type: string }
                      audience: { $ref: "#/components/schemas/Count" }
                      counts: { $ref: "#/components/schemas/Counts" }
            Worker:
              type: object
              required: [name, state, leased, accepted, accepted_per_second, last_seen, build, relays]
              properties:
                name: { type: string }
                state: { enum: [connected, away, draining, drained, removed] }
                leased: { $ref: "#/components/schemas/Count" }
                accepted: { $ref: "#/components/schemas/Count" }
                accepted_per_second: { type: number }
                last_seen: { $ref: "#/components/schemas/TimeOrNull" }
                build: { type: [string, "null"] }
                relays: { type: array, items: { type: object, required: [name, problem] } }
            Why:
              type: object
              required: [address, contact, campaigns, suppressions, events, next_cursor]
              properties:
                address: { type: string }
                contact: { type: integer }
                campaigns:
                  type: array
                  items:
                    type: object
                    required: [id, name, state, verdict, text, steps, attempts, events]
                    properties:
                      id: { type: string }
                      name: { type: string }
                      state: { $ref: "#/components/schemas/CampaignState" }
                      verdict: { type: string }
                      text: { type: string }
                      steps: { type: array, items: { type: object, required: [what, allows, text, clauses] } }
                      attempts: { type: array, items: { type: object, required: [at, outcome, reason, worker, reply] } }
                      events: { type: array, items: { $ref: "#/components/schemas/WhyEvent" } }
                suppressions: { type: array, items: { $ref: "#/components/schemas/Suppression" } }
                events: { type: array, items: { $ref: "#/components/schemas/WhyEvent" } }
                next_cursor: { $ref: "#/components/schemas/NextCursor" }
            WhyEvent:
              type: object
              required: [at, kind, source, reason, detail]
              properties:
                at: { $ref: "#/components/schemas/Time" }
                kind: { type: string }
                source: { type: string }
                reason: { type: [string, "null"] }
                detail: { type: [string, "null"] }
            Token:
              type: object
              required: [name, role, state, source, made_by, made_at, expires_at, revoked_at, used_at]
              properties:
                name: { type: string }
                role: { $ref: "#/components/schemas/Role" }
                state: { enum: [valid, expired, revoked] }
                source: { enum: [file, made] }
                made_by: { type: [string, "null"] }
                made_at: { $ref: "#/components/schemas/TimeOrNull" }
                expires_at: { $ref: "#/components/schemas/TimeOrNull" }
                revoked_at: { $ref: "#/components/schemas/TimeOrNull" }
                used_at: { $ref: "#/components/schemas/TimeOrNull" }
            Verification:
              type: object
              required: [intact, rows, hash, finding]
              properties:
                intact: { type: boolean }
                rows: { $ref: "#/components/schemas/Count" }
                hash: { type: string }
                finding: { type: [object, "null"], required: [row, text], properties: { row: { type: integer }, text: { type: string } } }
            Restore:
              type: object
              required: [restored, reason, campaigns]
              properties:
                restored: { type: boolean }
                reason: { type: [string, "null"] }
                campaigns: { type: array, items: { type: object, required: [id, name, state, targets] } }

        """##
}
