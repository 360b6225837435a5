import Airlock
import AirlockTesting
import Foundation
import TestSupport
import Testing
import Wasmtime

@Suite("Plugins that must be signed")
struct SignedPluginTests {
    private let key = ModuleSigningKey()
    private let other = ModuleSigningKey()

    @Test("A module that one of the keys signed is loaded, wherever the signature is")
    func signed() async throws {
        let folder = try TemporaryFolder()
        let module = try binary(answering(1))
        let keys = [other.verificationKey, key.verificationKey]
        let detached = try key.detachedSignature(of: module)
        try Data(module).write(to: URL(filePath: folder.at("plugin.wasm")))
        try Data(detached).write(to: URL(filePath: folder.at("plugin.wasm.sig")))
        try await withPluginHost { host in
            for source: PluginSource in [
                .bytes(try key.signed(module)).signed(by: [key.verificationKey]),
                .bytes(try key.signed(module)).signed(by: keys),
                .bytes(try other.signed(try key.signed(module))).signed(by: [key.verificationKey]),
                .bytes(module).signed(by: keys, detachedSignature: detached),
                .file(folder.at("plugin.wasm")).signed(by: keys),
            ] {
                let plugin = try await host.load(source)
                #expect(try await plugin.answer() == 1)
                await plugin.unload()
            }
        }
    }

    @Test("A module that none of the keys signed is refused with what was expected and what came")
    func refused() async throws {
        let folder = try TemporaryFolder()
        let file = folder.at("plugin.wasm")
        let module = try binary(answering(1))
        let (id, otherID) = (key.verificationKey.id, other.verificationKey.id)
        let second = ModuleSigningKey().verificationKey
        let ids = [id, second.id].sorted().joined(separator: ", ")
        var changed = try key.signed(module)
        changed[changed.count - 2] ^= 1
        try await withPluginHost { host in
            for (module, signature, message) in [
                (
                    module, nil,
                    "there is no file '.sig' beside it, and it is not signed; expected a signature by one of the keys \(ids)"
                ),
                (
                    try other.signed(module), nil,
                    "it is signed with other keys: \(otherID); expected a signature by one of the keys \(ids)"
                ),
                (
                    module, try other.detachedSignature(of: module),
                    "it is signed with other keys: \(otherID); expected a signature by one of the keys \(ids)"
                ),
                (
                    changed, nil,
                    "the key \(id) signed something else: the module was changed or cut, or sections were added, after that; "
                        + "expected a signature by one of the keys \(ids)"
                ),
                (
                    module, [1, 1],
                    "its detached signature is malformed at byte 2: expected hashes of SHA-256 (hash function 1); "
                        + "expected a signature by one of the keys \(ids)"
                ),
                (
                    // What is in the module counts, and not what lies beside it.
                    try other.signed(module), try key.detachedSignature(of: module),
                    "it is signed with other keys: \(otherID); expected a signature by one of the keys \(ids)"
                ),
            ] as [([UInt8], [UInt8]?, String)] {
                try Data(module).write(to: URL(filePath: file))
                if let signature { try Data(signature).write(to: URL(filePath: file + ".sig")) }
                let error = await #expect(throws: PluginError.self) {
                    try await host.load(.file(file).signed(by: [key.verificationKey, second]), name: "signed")
                }
                #expect(error?.code == .signatureRefused)
                #expect(error?.plugin == "signed")
                #expect(error?.message == "'\(file)': \(message)")
                if signature != nil { try folder.remove("plugin.wasm.sig") }
            }
            try folder.makeFolder("plugin.wasm.sig")
            try Data(module).write(to: URL(filePath: file))
            let error = await #expect(throws: PluginError.self) {
                try await host.load(.file(file).signed(by: [key.verificationKey]))
            }
            #expect(error?.message.contains("plugin.wasm.sig' is not a regular file") == true)
        }
    }

    @Test("The signature is checked after the digest and before anything else, and no keys are a mistake")
    func order() async throws {
        let pin = String(repeating: "0", count: 64)
        try await withPluginHost { host in
            for (source, code): (PluginSource, PluginError.Code) in [
                (.bytes([1, 2, 3]).signed(by: [key.verificationKey]), .signatureRefused),
                (.bytes([1, 2, 3]).signed(by: [key.verificationKey]).pinned(sha256: pin), .digestMismatch),
                (.bytes(WasmBytes.preamble + [1, 1, 1]).signed(by: [key.verificationKey]), .signatureRefused),
                (.bytes(try key.signed(WasmBytes.preamble)).signed(by: []), .configuration),
            ] {
                let error = await #expect(throws: PluginError.self) { try await host.load(source) }
                #expect(error?.code == code)
            }
        }
    }

    @Test("A reload is held to the same keys, and what it refuses leaves the running version in place")
    func reload() async throws {
        let folder = try TemporaryFolder()
        let file = URL(filePath: folder.at("plugin.wasm"))
        try Data(try key.signed(try binary(answering(1)))).write(to: file)
        try await withPluginHost { host in
            let plugin = try await host.load(.file(file.path).signed(by: [key.verificationKey]))
            for module in [try binary(answering(2)), try other.signed(try binary(answering(2)))] {
                try Data(module).write(to: file, options: .atomic)
                let error = await #expect(throws: PluginError.self) { try await plugin.reload() }
                #expect(error?.code == .signatureRefused)
                #expect(try await plugin.answer() == 1)
                #expect(plugin.currentVersion?.number == 1)
            }
            try Data(try key.signed(try binary(answering(3)))).write(to: file, options: .atomic)
            try await plugin.reload()
            #expect(try await plugin.answer() == 3)
        }
    }

    @Test("Of a watched plugin both files count, whichever is written first")
    func watched() async throws {
        let folder = try TemporaryFolder()
        let file = URL(filePath: folder.at("plugin.wasm"))
        let signature = URL(filePath: folder.at("plugin.wasm.sig"))
        try Data(try key.signed(try binary(answering(1)))).write(to: file)
        try await withPluginHost { host in
            var events = RecordedEvents(of: host)
            let plugin = try await host.load(.file(file.path).signed(by: [key.verificationKey]))
            try await plugin.watch()
            try answerModule(2).write(to: file, options: .atomic)
            #expect(await refusal(&events)?.contains("it is not signed") == true)
            #expect(try await plugin.answer() == 1)
            try Data(try key.detachedSignature(of: try binary(answering(2)))).write(to: signature, options: .atomic)
            await reloaded(&events)
            #expect(try await plugin.answer() == 2)
            try Data(try key.detachedSignature(of: try binary(answering(3)))).write(to: signature, options: .atomic)
            #expect(await refusal(&events)?.contains("signed something else") == true)
            #expect(try await plugin.answer() == 2)
            try answerModule(3).write(to: file, options: .atomic)
            await reloaded(&events)
            #expect(try await plugin.answer() == 3)
        }
    }

    @Test("What a host serves after a restart must be signed by a key that counts then", arguments: [true, false])
    func restart(isDetached: Bool) async throws {
        let folder = try TemporaryFolder()
        let file = URL(filePath: folder.at("plugin.wasm"))
        func write(_ answer: Int, _ key: ModuleSigningKey) throws {
            let module = try binary(answering(answer))
            try Data(isDetached ? module : try key.signed(module)).write(to: file)
            let signature = URL(filePath: file.path + ".sig")
            if isDetached { try Data(try key.detachedSignature(of: module)).write(to: signature) }
        }
        func serving(_ keys: ModuleSigningKey..., staging: Bool = false) async throws -> Int32 {
            let store = try await openStore(folder.at("releases"))
            return try await withPluginHost { host in
                var events = RecordedEvents(of: host)
                let source = PluginSource.file(file.path).signed(by: keys.map(\.verificationKey))
                let plugin = try await host.load(source, reload: ReloadPolicy(strategy: .manual, store: store))
                if staging { _ = await events.first { if case .staged = $0.kind { true } else { false } } }
                return try await plugin.answer()
            }
        }
        try write(1, key)
        #expect(try await serving(key) == 1)
        try write(2, other)
        #expect(try await serving(key, other, staging: true) == 1)
        #expect(try await serving(other) == 2)
        #expect(try await serving(key, other) == 2)
    }

    /// A compiler that another test starts has the lock of the store before, until it runs its own program.
    private func openStore(_ path: String) async throws -> ReleaseStore {
        for _ in 0..<10_000 {
            if let store = try? ReleaseStore(folder: path) { return store }
            await Task.yield()
        }
        return try ReleaseStore(folder: path)
    }

    private func refusal(_ events: inout RecordedEvents) async -> String? {
        let event = await events.first { if case .reloadFailed = $0.kind { true } else { false } }
        if case .reloadFailed(let error)? = event?.kind { return error.message }
        return nil
    }

    private func reloaded(_ events: inout RecordedEvents) async {
        _ = await events.first { if case .reloaded = $0.kind { true } else { false } }
    }
}
