import Crypto
import Foundation
import Gateway
import Synchronization
import Testing

/// A watched filter that gets new builds, and an operator's hand now and then.
final class SoakedFilter: Sendable {
    /// What was done to it.
    struct Tally: Sendable {
        var written: [SoakGuest.Kind: Int] = [:]
        var writtenAgain = 0
        var rollbacks = 0
        var quarantines = 0
        /// What an operator asked for and could not be done then.
        var conflicts = 0
    }

    private struct State {
        var tally = Tally()
        var builds = 0
        /// By the digest of the module.
        var guests: [String: SoakGuest] = [:]
        /// What an operator quarantined last.
        var quarantined: SoakGuest?
    }

    /// The kinds in the order in which they are written.
    private static let kinds: [SoakGuest.Kind] = [
        .good, .trapping, .good, .slow, .truncated, .good, .refusing, .unlinkable, .good, .slow,
    ]

    let name: String
    private let kinds: [SoakGuest.Kind]
    private let folder: TemporaryFolder
    private let admin: ListenAddress
    private let state = Mutex(State())

    /// - Parameter isTried: whether a build is tried before it serves all requests, so that it may be one that fails them.
    init(_ name: String, isTried: Bool, in folder: TemporaryFolder, admin: ListenAddress) {
        self.name = name
        self.kinds = isTried ? Self.kinds : Self.kinds.filter { $0 != .trapping }
        self.folder = folder
        self.admin = admin
    }

    var tally: Tally { state.withLock { $0.tally } }

    static func file(_ name: String) -> String { "\(name).wasm" }

    /// Writes another build over the file; each tenth time, the one that an operator quarantined last.
    func writeNext() throws {
        let guest = state.withLock { state in
            state.builds += 1
            if state.builds % 10 == 9, let quarantined = state.quarantined {
                state.tally.writtenAgain += 1
                return quarantined
            }
            let guest = SoakGuest(kind: kinds[state.builds % kinds.count], build: state.builds)
            state.tally.written[guest.kind, default: 0] += 1
            return guest
        }
        let module = try guest.module(filter: name)
        let digest = SHA256.hash(data: module).map { String(format: "%02x", $0) }.joined()
        state.withLock { $0.guests[digest] = guest }
        try folder.write(module, to: Self.file(name))
    }

    /// Goes back to the version before.
    func rollBack() async throws {
        let status = try await send("rollback")
        state.withLock { state in
            if status == 200 { state.tally.rollbacks += 1 } else { state.tally.conflicts += 1 }
        }
    }

    /// Quarantines the version that serves.
    func quarantine(_ load: SoakLoad) async throws {
        let versions = try await versions()
        let digest = try #require(versions.versions.first { $0.state == "serving" }?.digest)
        let status = try await send(
            "quarantine", #"{"digest": "\#(digest)", "reason": "an operator does not like it"}"#)
        guard status == 200 else { return state.withLock { $0.tally.conflicts += 1 } }
        let guest = state.withLock { state in
            state.tally.quarantines += 1
            state.quarantined = state.guests[digest]
            return state.quarantined
        }
        load.forbid(try #require(guest).text, of: name)
    }

    /// What the gateway says of it.
    func versions() async throws -> VersionsAnswer {
        let answer = try await RunningGateway.send("GET", "http://\(admin)/plugins/\(name)/versions")
        return try VersionsAnswer(answer.body)
    }

    private func send(_ verb: String, _ body: String? = nil) async throws -> Int {
        let answer = try await RunningGateway.send("POST", "http://\(admin)/plugins/\(name)/\(verb)", body: body)
        try #require([200, 409].contains(answer.status), "\(verb): \(answer)")
        return answer.status
    }
}
