import Airlock
import AirlockCapabilities
import AirlockTesting
import TestSupport
import Testing

@Suite("File grants")
struct FileGrantTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.makeFolder("shop/cart")
        try folder.write("mine", to: "shop/cart/file")
        try folder.write("not mine", to: "shop/file")
    }

    private func grant() throws -> FileAccess {
        try ManifestFields.read([
            "folders": .list([
                .map(["host": .text(folder.at("shop")), "path": .text("/data"), "access": .text("read-write")]),
                .map(["host": .text(folder.path), "path": .text("/all")]),
            ]),
            "writtenBytes": .text("1 KiB"),
        ]) { (fields) throws(PluginError) in try FileAccess(policy: &fields) }
    }

    private func wish(_ path: String, _ access: String, _ more: [String: ManifestValue] = [:]) -> CapabilityWish {
        var parameters = more
        parameters["folders"] = .list([.map(["path": .text(path), "access": .text(access)])])
        return CapabilityWish("airlock:files", parameters: parameters)
    }

    @Test("A policy names folders and limits")
    func policy() throws {
        let files = try grant()
        #expect(files.summary == "'/data' (read-write), '/all' (read-only)")
        #expect(files.limits.writtenBytes == 1024)
        #expect(try files.attenuated(to: CapabilityWish("airlock:files")).summary == files.summary)
    }

    @Test("A plugin that asks for a folder in a granted one gets no more than that, with budgets within the grant's")
    func attenuation() async throws {
        let all = try grant()
        let cart = try all.attenuated(to: wish("/data/cart", "read-write", ["writtenBytes": .integer(10_000)]))
        #expect(cart.summary == "'/data/cart' (read-write)")
        #expect(cart.limits.writtenBytes == 1024)
        try await withPluginHost { host in
            let guest = try await FileGuest(host, cart)
            #expect(try await guest.read("/data/cart/file") == "mine")
            for path in ["/data/file", "/data/cart/../file", "/all/shop/file"] {
                let error = await #expect(throws: PluginError.self) { try await guest.read(path) }
                #expect(error?.code == .denied)
            }
            let other = try await FileGuest(host, all)
            #expect(try await other.write(String(repeating: "x", count: 1000), to: "/data/new") == 1000)
            #expect(try await guest.write(String(repeating: "x", count: 25), to: "/data/cart/new") == -10)
            #expect(try await guest.write(String(repeating: "x", count: 24), to: "/data/cart/new") == 24)
            #expect(try await other.write("x", to: "/data/new") == -10)
        }
    }

    @Test("A folder that is read-only cannot be writable through another one")
    func contradiction() throws {
        let error = #expect(throws: PluginError.self) {
            try FileAccess([
                PreopenedFolder(folder.at("shop"), as: "/data", access: .readWrite),
                PreopenedFolder(folder.at("shop/cart"), as: "/data/cart"),
            ])
        }
        #expect(error?.code == .configuration)
        #expect(error?.message.contains("'/data/cart' is read-only, but writable through '/data'") == true)
    }

    @Test("A wish for the same folder twice, or for more folders than a plugin may have, is refused")
    func floodOfFolders() throws {
        let files = try grant()
        let cart = ManifestValue.map(["path": .text("/data/cart")])
        for (count, reason) in [(2, "is asked for twice"), (65, "at most 64 folders, came 65")] {
            let wish = CapabilityWish(
                "airlock:files", parameters: ["folders": .list(Array(repeating: cart, count: count))])
            let error = #expect(throws: PluginError.self) { try files.attenuated(to: wish) }
            #expect(error?.code == .configuration)
            #expect(error?.message.contains(reason) == true)
        }
    }

    @Test("A wish for a folder or an access that is not given is denied")
    func denied() throws {
        for (path, access) in [
            ("/etc", "read-only"), ("/all", "read-write"), ("/data/../etc", "read-only"), ("/data/none", "read-only"),
        ] {
            let error = #expect(throws: PluginError.self) { try grant().attenuated(to: wish(path, access)) }
            #expect(error?.code == .denied)
            #expect(error?.message.contains("given: '/data' (read-write)") == true)
        }
        let unknown = #expect(throws: PluginError.self) { try grant().attenuated(to: wish("/data", "execute")) }
        #expect(unknown?.code == .manifest)
    }
}
