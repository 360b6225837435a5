import Airlock
import AirlockCapabilities
import AirlockSQLite
import AirlockTesting
import Synchronization
import TestSupport
import Testing

/// Which store, and which way to it. The same tests run for all of them.
struct KeyValueSetting: Sendable, CustomTestStringConvertible {
    enum Store: CaseIterable { case memory, sqlite }
    enum Way: CaseIterable { case store, guest }

    var store: Store
    var way: Way

    var testDescription: String { "\(store), through the \(way)" }

    static let all = Store.allCases.flatMap { store in Way.allCases.map { KeyValueSetting(store: store, way: $0) } }
}

/// A store with a time that a test sets, and ways to use it.
struct KeyValueBench: Sendable {
    let store: any KeyValueStore
    let time: SetTime
    private let way: KeyValueSetting.Way
    private let host: PluginHost

    /// Runs `body` with a new store.
    static func with(_ setting: KeyValueSetting, _ body: (KeyValueBench) async throws -> Void) async throws {
        let time = SetTime()
        try await withPluginHost { host in
            switch setting.store {
            case .memory:
                let store = InMemoryKeyValueStore(now: { time.now })
                try await body(KeyValueBench(store: store, time: time, way: setting.way, host: host))
            case .sqlite:
                let folder = try TemporaryFolder()
                // What survives a loss of power is nothing that a test can see, and it costs time.
                let store = try SQLiteKeyValueStore(
                    path: folder.at("values"), durability: .process, now: { time.now })
                try await body(KeyValueBench(store: store, time: time, way: setting.way, host: host))
            }
        }
    }

    /// A way to a namespace.
    func use(
        _ namespace: String = "cart",
        limits: KeyValueLimits = KeyValueLimits(),
        isReadOnly: Bool = false
    ) async throws -> any KeyValueUse {
        let grant = KeyValue(
            store, namespace: KeyValueNamespace(namespace), limits: limits, isReadOnly: isReadOnly)
        return switch way {
        case .store: StoreUse(grant: grant)
        case .guest: try await GuestKeyValueUse(grant, host: host)
        }
    }
}

/// A time of day that goes on when a test says so.
final class SetTime: Sendable {
    private let time = Mutex(Duration.seconds(1_700_000_000))

    var now: Duration { time.withLock { $0 } }

    func advance(by duration: Duration) {
        time.withLock { $0 += duration }
    }
}
