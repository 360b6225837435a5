import Airlock
import AirlockTesting
import Crypto
import Foundation
import TestSupport
import Testing

@Suite("Pinned digests")
struct PinnedDigestTests {
    private let module: [UInt8] = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
    private let other = String(repeating: "0", count: 64)

    @Test("A module with the pinned digest is loaded, in whichever case the digest is written")
    func match() async throws {
        try await withPluginHost { host in
            for digest in [digest(of: module), digest(of: module).uppercased()] {
                let plugin = try await host.load(.bytes(module).pinned(sha256: digest))
                #expect(plugin.currentVersion?.digest == self.digest(of: module))
            }
        }
    }

    @Test("Another digest refuses the module, and the error shows both")
    func mismatch() async throws {
        try await withPluginHost { host in
            let error = await #expect(throws: PluginError.self) {
                try await host.load(.bytes(module).pinned(sha256: other), name: "pinned")
            }
            #expect(error?.code == .digestMismatch)
            #expect(error?.plugin == "pinned")
            #expect(error?.message.contains(other) == true)
            #expect(error?.message.contains(digest(of: module)) == true)
        }
    }

    @Test("The digest is compared before the bytes are looked at")
    func order() async throws {
        try await withPluginHost { host in
            let error = await #expect(throws: PluginError.self) {
                try await host.load(.bytes([1, 2, 3]).pinned(sha256: other))
            }
            #expect(error?.code == .digestMismatch)
        }
    }

    @Test("What is no SHA-256 is refused as a pin", arguments: ["", "sha256", String(repeating: "g", count: 64)])
    func malformed(pin: String) async throws {
        try await withPluginHost { host in
            let error = await #expect(throws: PluginError.self) {
                try await host.load(.bytes(module).pinned(sha256: pin))
            }
            #expect(error?.code == .configuration)
        }
    }

    @Test("A pinned file that was exchanged is not reloaded, and the running version goes on")
    func reload() async throws {
        let folder = try TemporaryFolder()
        let file = URL(filePath: folder.at("plugin.wasm"))
        try Data(module).write(to: file)
        try await withPluginHost { host in
            let plugin = try await host.load(.file(file.path).pinned(sha256: digest(of: module)))
            // The same module with a custom section at its end.
            try Data(module + [0, 2, 1, 0x61]).write(to: file, options: .atomic)
            let error = await #expect(throws: PluginError.self) { try await plugin.reload() }
            #expect(error?.code == .digestMismatch)
            #expect(plugin.currentVersion?.number == 1)
            #expect(try await plugin.reload(from: .file(file.path)).number == 2)
        }
    }

    private func digest(of bytes: [UInt8]) -> String {
        SHA256.hash(data: bytes).map { String(format: "%02x", $0) }.joined()
    }
}
