import Airlock
import AirlockCapabilities
import AirlockTesting
import TestSupport
import Testing

@Suite("WASI grants")
struct WASIGrantTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write("text", to: "file")
    }

    private func grant() throws -> WASI {
        try ManifestFields.read([
            "arguments": .list([.text("tool")]),
            "clock": .map(["time": .text("monotonic")]),
            "randomness": .map(["seed": .integer(1)]),
            "files": .map([
                "folders": .list([
                    .map(["host": .text(folder.path), "path": .text("/data"), "access": .text("read-write")])
                ])
            ]),
        ]) { (fields) throws(PluginError) in try WASI(policy: &fields) }
    }

    @Test("A policy names the parts that are given")
    func policy() throws {
        let wasi = try grant()
        #expect(wasi.arguments == ["tool"])
        #expect(wasi.summary.contains("files: '/data' (read-write); clock: monotonic time; randomness: the same bytes"))
        #expect(wasi.log == nil && wasi.environment == nil)
        #expect(try wasi.attenuated(to: CapabilityWish(WASI.id)).summary == wasi.summary)
        #expect(WASI().summary == "no part of it")
    }

    @Test("A plugin gets the parts that it asks for, as far as they are given, and no others")
    func attenuation() async throws {
        let wish = CapabilityWish(
            WASI.id,
            parameters: [
                "clock": .boolean(true), "log": .boolean(true), "randomness": .boolean(false),
                "files": .map(["folders": .list([.map(["path": .text("/data")])])]),
            ])
        let narrowed = try grant().attenuated(to: wish)
        #expect(narrowed.log == nil && narrowed.randomness == nil && narrowed.clock != nil)
        try await withPluginHost { host in
            let guest = try await WASIGuest(host, narrowed)
            #expect(try await guest.open("file").errno == Errno.notcapable)
            let file = try await guest.open("file", rights: 2).descriptor
            #expect(try await guest.read(file) == "text")
            #expect(try await guest.call("random_get", 16, 8) == Errno.notcapable)
            #expect(try await guest.call("clock_time_get", 1, 1, 16) == 0)
        }
    }

    @Test("A wish that is not understood, or asks for a folder that is not given, is refused")
    func refused() throws {
        let folders = ManifestValue.map(["folders": .list([.map(["path": .text("/etc")])])])
        for (key, value, code) in [
            ("clock", .text("real"), .manifest), ("sockets", .boolean(true), .manifest), ("files", folders, .denied),
        ] as [(String, ManifestValue, PluginError.Code)] {
            let error = #expect(throws: PluginError.self) {
                try grant().attenuated(to: CapabilityWish(WASI.id, parameters: [key: value]))
            }
            #expect(error?.code == code, "\(key)")
        }
    }
}
