import Airlock
import AirlockTesting
import Foundation
import TestSupport
import Testing

@Suite("Watching a plugin's file", .timeLimit(.minutes(2)))
struct FileReplacementTests {
    @Test("Half a module is refused, the running version serves, and the whole one is loaded when it is there")
    func halfWritten() async throws {
        try await withFilePlugin { cart in
            let whole = try answerModule(2)
            for length in [0, 4, whole.count / 2, whole.count - 1] {
                try cart.tree.overwrite("cart.wasm", with: whole.prefix(length))
                #expect(await cart.events.refused("cart")?.code == .invalidModule)
                #expect(try await cart.plugin.answer() == 1)
            }
            try cart.tree.overwrite("cart.wasm", with: whole)
            await cart.reloaded()
            #expect(try await cart.plugin.answer() == 2)
        }
    }

    @Test("A file that is deleted leaves the running version in place, and is loaded when it is back")
    func deleted() async throws {
        try await withFilePlugin { cart in
            try cart.tree.remove("cart.wasm")
            #expect(await cart.events.refused("cart")?.code == .invalidModule)
            #expect(try await cart.plugin.answer() == 1)
            try cart.put(2)
            await cart.reloaded()
            #expect(try await cart.plugin.answer() == 2)
        }
    }

    @Test("Its folder vanishes and comes back with another module")
    func vanishing() async throws {
        try await withFilePlugin { cart in
            let away = Tree(place: cart.tree.place, name: "away")
            try away.place.move(cart.tree.name, to: away.name)
            #expect(await cart.events.refused("cart") != nil)
            try away.put(2, at: "cart.wasm")
            try away.place.move(away.name, to: cart.tree.name)
            await cart.reloaded()
            #expect(try await cart.plugin.answer() == 2)
        }
    }

    @Test("Links are swapped: that of the file, and that of its folder as Kubernetes does")
    func links() async throws {
        try await withTree { tree in
            for value in 1...3 {
                try tree.put(value, at: "..\(value)/cart.wasm")
                try tree.put(10 * value, at: "..\(value)/mail.wasm")
            }
            try tree.link("..data", to: "..1")
            try tree.link("cart.wasm", to: "..data/cart.wasm")
            try tree.link("mail.wasm", to: "..1/mail.wasm")
            try await withPluginHost { host in
                var events = RecordedEvents(of: host)
                let cart = try await host.load(.file("\(tree.root)/cart.wasm"))
                let mail = try await host.load(.file("\(tree.root)/mail.wasm"))
                for plugin in [cart, mail] { try await plugin.watch() }
                for value in 2...3 {
                    try tree.link("..data.new", to: "..\(value)")
                    try tree.rename("..data.new", to: "..data")
                    _ = await events.seen("cart") { if case .reloaded = $0 { true } else { false } }
                    #expect(try await cart.answer() == value)
                    try tree.link("mail.new", to: "..\(value)/mail.wasm")
                    try tree.rename("mail.new", to: "mail.wasm")
                    _ = await events.seen("mail") { if case .reloaded = $0 { true } else { false } }
                    #expect(try await mail.answer() == 10 * value)
                }
            }
        }
    }

    @Test("A change of permissions alone is seen, and changes nothing")
    func permissions() async throws {
        try await withFilePlugin { cart in
            for mode in [0o400, 0o640] {
                try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: cart.file.path)
                _ = await cart.events.seen("cart") { if case .changeSeen = $0 { true } else { false } }
            }
            try cart.put(2)
            await cart.reloaded()
            #expect(cart.plugin.currentVersion?.number == 2)
            #expect(try await cart.plugin.answer() == 2)
        }
    }

    @Test("A file that cannot be read is refused, and loaded when its permissions let it be")
    func unreadable() async throws {
        // Permissions stop no superuser: as one, it runs in a process that becomes somebody else first.
        guard geteuid() != 0 else {
            let place = try TemporaryFolder()
            try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: place.path)
            await #expect(processExitsWith: .success) { [path = place.path as String] in
                try #require(setgid(65_534) == 0 && setuid(65_534) == 0)
                let folder = "\(path)/own"
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
                try await Self.readAgain(folder)
            }
            withExtendedLifetime(place) {}
            return
        }
        try await withTemporaryFolder { try await Self.readAgain($0) }
    }

    private static func readAgain(_ folder: String) async throws {
        let file = "\(folder)/cart.wasm"
        try answerModule(1).write(to: URL(filePath: file))
        try await withPluginHost { host in
            var events = RecordedEvents(of: host)
            let plugin = try await host.load(.file(file))
            try await plugin.watch()
            try answerModule(2).write(to: URL(filePath: "\(folder)/next"))
            try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: "\(folder)/next")
            // Safe: the paths are read during the call only.
            #expect(unsafe rename("\(folder)/next", file) == 0)
            let error = await events.refused("cart")
            #expect(error?.message.contains("Permission denied") == true)
            #expect(try await plugin.answer() == 1)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
            await events.served("cart")
            #expect(try await plugin.answer() == 2)
        }
    }
}
