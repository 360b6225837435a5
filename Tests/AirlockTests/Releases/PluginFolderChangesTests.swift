import Airlock
import Foundation
import TestSupport
import Testing
import WorkerLoop

@Suite("Following a folder of plugins", .timeLimit(.minutes(2)))
struct PluginFolderChangesTests {
    @Test("What is there at first, then new plugins and removed ones of both forms")
    func comingAndGoing() async throws {
        try await withFollowed { tree, followed in
            try tree.write("cart.wasm", "search/1/plugin.wasm")
            await followed.until(["cart": "module", "search": "1 module"])
            try tree.write("mail.wasm", "pay/7/plugin.wasm")
            await followed.until(["cart": "module", "search": "1 module", "mail": "module", "pay": "7 module"])
            try tree.remove("cart.wasm")
            try tree.remove("search")
            await followed.until(["mail": "module", "pay": "7 module"])
            try tree.remove("pay/7")
            try tree.remove("mail.wasm")
            await followed.until([:])
        }
    }

    @Test("New versions, also where the module comes long after its folder, and back to an older one")
    func versions() async throws {
        try await withFollowed { tree, followed in
            try tree.write("cart/1.9/plugin.wasm", content: "one")
            await followed.until(["cart": "1.9 one"])
            try tree.write("cart/1.10/notes.txt", "cart/1.11/notes.txt")
            try tree.write("cart/1.8/plugin.wasm", content: "zero")
            try tree.write("mail.wasm")
            await followed.until(["cart": "1.9 one", "mail": "module"])
            try tree.write("cart/1.10/plugin.wasm", content: "two")
            await followed.until(["cart": "1.10 two", "mail": "module"])
            try tree.write("cart/2/plugin.wasm.tmp", content: "six")
            try tree.rename("cart/2/plugin.wasm.tmp", to: "cart/2/plugin.wasm")
            await followed.until(["cart": "2 six", "mail": "module"])
            try tree.remove("cart/2")
            try tree.remove("cart/1.10")
            await followed.until(["cart": "1.9 one", "mail": "module"])
            try tree.rename("cart/1.8", to: "cart/3")
            await followed.until(["cart": "3 zero", "mail": "module"])
        }
    }

    @Test("A module that is written anew or renamed over, in both forms")
    func writtenAnew() async throws {
        try await withFollowed { tree, followed in
            for content in ["one", "two", "three", "three!"] {
                try tree.write("cart.wasm", "search/1/plugin.wasm", content: content)
                await followed.until(["cart": content, "search": "1 \(content)"])
            }
            for content in ["six", "ten"] {
                try tree.write("cart.wasm.new", "search/1/plugin.wasm.new", content: content)
                try tree.rename("cart.wasm.new", to: "cart.wasm")
                try tree.rename("search/1/plugin.wasm.new", to: "search/1/plugin.wasm")
                await followed.until(["cart": content, "search": "1 \(content)"])
            }
        }
    }

    @Test("Symbolic links that are swapped: of a file, of a plugin's folder, of a version, and as Kubernetes does")
    func swappedLinks() async throws {
        try await withFollowed { tree, followed in
            for (folder, content) in [("..one", "one"), ("..two", "two"), ("..three", "three")] {
                try tree.write(
                    "\(folder)/cart.wasm", "../outside/\(folder)/mail.wasm", "../outside/\(folder)/pay/1/plugin.wasm",
                    "../outside/\(folder)/version/plugin.wasm", content: content)
                for (link, target) in [
                    ("..data", folder), ("mail.wasm", "../outside/\(folder)/mail.wasm"),
                    ("pay", "\(tree.root)/../outside/\(folder)/pay"), ("search/1", "../../outside/\(folder)/version"),
                ] {
                    try tree.write("search/notes.txt")
                    try tree.link("\(link).new", to: target)
                    try tree.rename("\(link).new", to: link)
                }
                if content == "one" { try tree.link("cart.wasm", to: "..data/cart.wasm") }
                await followed.until([
                    "cart": content, "mail": content, "pay": "1 \(content)", "search": "1 \(content)",
                ])
            }
            // And behind the links.
            try tree.write(
                "..three/cart.wasm", "../outside/..three/mail.wasm", "../outside/..three/pay/1/plugin.wasm",
                "../outside/..three/version/plugin.wasm", content: "behind")
            await followed.until(["cart": "behind", "mail": "behind", "pay": "1 behind", "search": "1 behind"])
        }
    }

    @Test("A link that leads nowhere until its target comes")
    func danglingLinks() async throws {
        try await withFollowed { tree, followed in
            try tree.link("cart.wasm", to: "../later/cart.wasm")
            try tree.link("search", to: "../later/search")
            try tree.write("mail.wasm")
            await followed.until(["mail": "module"])
            try tree.write("../later/cart.wasm", "../later/search/1/plugin.wasm")
            await followed.until(["mail": "module", "cart": "module", "search": "1 module"])
        }
    }

    @Test("While the folder is away, nothing counts as removed; when it is back, the difference is told")
    func vanishing() async throws {
        try await withFollowed { tree, followed in
            try tree.write("cart.wasm", "search/1/plugin.wasm", "mail.wasm")
            await followed.until(["cart": "module", "search": "1 module", "mail": "module"])
            for (number, content) in [(2, "two"), (3, "three")] {
                // At once, so that nobody sees it half empty.
                try tree.rename("", to: "../old-\(number)")
                let problem = await followed.problem()
                #expect(problem?.code == .configuration && problem?.message.contains("'\(tree.root)'") == true)
                #expect(followed.plugins.count == 3)
                // Complete when it comes.
                let next = Tree(place: tree.place, name: "next")
                try next.write("cart.wasm", "search/\(number)/plugin.wasm", content: content)
                try next.write("mail.wasm")
                try tree.place.move(next.name, to: tree.name)
                await followed.until(["cart": content, "search": "\(number) \(content)", "mail": "module"])
            }
            #expect(followed.removals == 0)
            // It is followed as the first one was.
            try tree.remove("search")
            try tree.write("cart.wasm", content: "again")
            await followed.until(["cart": "again", "mail": "module"])
        }
    }

    @Test("A folder that is not there at first, nor the one that it is in")
    func absent() async throws {
        try await withTree { tree in
            try await withFollowed(Tree(place: tree.place, name: "plugins/a/b")) { tree, followed in
                #expect(await followed.problem()?.message.contains("'\(tree.root)'") == true)
                try tree.write("cart/1/plugin.wasm")
                await followed.until(["cart": "1 module"])
            }
        }
    }

    @Test("Two modules of one name are told of once, and what was told before counts until that is mended")
    func ambiguous() async throws {
        try await withFollowed { tree, followed in
            try tree.write("cart.wasm")
            await followed.until(["cart": "module"])
            try tree.write("cart/2/plugin.wasm", content: "two")
            #expect(await followed.problem()?.message.contains("two modules are named 'cart'") == true)
            #expect(Array(followed.plugins.values) == ["module"])
            try tree.write("notes.txt", "mail.wasm")
            try tree.remove("cart.wasm")
            await followed.until(["cart": "2 two", "mail": "module"])
            #expect(followed.problems == 1 && followed.removals == 0)
        }
    }

    @Test("A module that was written just now is not told of yet")
    func resting() async throws {
        try await withTree { tree in
            try tree.write("rests.wasm", "ahead/1/plugin.wasm", "fresh.wasm", "versions/2/plugin.wasm")
            try tree.setTime(Date(timeIntervalSince1970: 1_000_000_000), of: "rests.wasm")
            try tree.setTime(Date(timeIntervalSinceNow: 100_000), of: "ahead/1/plugin.wasm")
            let loop = try WorkerLoop(name: "folder")
            // The first look is at once.
            let changes = try tree.folder.changes(on: loop, debounce: .seconds(3_600))
            for await change in changes {
                guard case .difference(let difference) = change else { continue }
                #expect(difference.added.map(\.name) == ["ahead", "rests"])
                break
            }
            await loop.shutdown()
        }
    }

    @Test("Many changes are one difference, with the last state")
    func storm() async throws {
        try await withFollowed { tree, followed in
            try tree.write("cart.wasm", content: "zero")
            await followed.until(["cart": "zero"])
            let before = followed.differences
            // The loop cannot look in between.
            await withCheckedContinuation { continuation in
                followed.loop.submit {
                    for count in 1...100 {
                        try? tree.write("cart.wasm", content: String(repeating: "x", count: count))
                        try? tree.write("search/\(count)/plugin.wasm", content: "\(count)")
                    }
                    continuation.resume()
                }
            }
            await followed.until(["cart": String(repeating: "x", count: 100), "search": "100 100"])
            #expect(followed.differences <= before + 2)
        }
    }

    @Test("What cannot be watched is refused, and a consumer that is cancelled gets no more")
    func ending() async throws {
        try await withTree { tree in
            let loop = try WorkerLoop(name: "folder")
            for path in ["", "\(tree.root)\0"] {
                let error = #expect(throws: PluginError.self) { try PluginFolder(path).changes(on: loop) }
                #expect(error?.code == .configuration)
            }
            #expect(throws: PluginError.self) { try tree.folder.changes(on: loop, debounce: .seconds(-1)) }

            let changes = try tree.folder.changes(on: loop)
            let consumer = Task { for await _ in changes {} }
            consumer.cancel()
            await consumer.value
            await loop.shutdown()
            let error = #expect(throws: PluginError.self) { try tree.folder.changes(on: loop) }
            #expect(error?.code == .configuration)
        }
    }
}

/// What a folder's changes come to.
private final class Followed {
    let loop: WorkerLoop
    /// By name, the version if there is one, and what was in the file when it was told of.
    private(set) var plugins: [String: String] = [:]
    private(set) var differences = 0
    private(set) var removals = 0
    private(set) var problems = 0
    private var changes: AsyncStream<PluginFolder.Change>.Iterator

    init(_ folder: PluginFolder) throws {
        loop = try WorkerLoop(name: "folder")
        changes = try folder.changes(on: loop, debounce: .milliseconds(10)).makeAsyncIterator()
    }

    /// Waits until the folder has these plugins. It may have others before.
    func until(_ expected: [String: String]) async {
        while plugins != expected, await next() != nil {}
        #expect(plugins == expected)
    }

    func problem() async -> PluginError? {
        while let change = await next() {
            if case .unreadable(let error) = change { return error }
        }
        return nil
    }

    private func next() async -> PluginFolder.Change? {
        let change = await changes.next(isolation: #isolation)
        switch change {
        case .difference(let difference):
            differences += 1
            removals += difference.removed.count
            #expect(!difference.isEmpty)
            for found in difference.removed {
                #expect(plugins.removeValue(forKey: found.name) != nil)
            }
            for found in difference.added { #expect(plugins[found.name] == nil) }
            for found in difference.changed { #expect(plugins[found.name] != nil) }
            for found in difference.added + difference.changed {
                let content = (try? String(contentsOfFile: found.path, encoding: .utf8)) ?? "gone"
                plugins[found.name] = found.version.map { "\($0) \(content)" } ?? content
            }
        case .unreadable: problems += 1
        case nil: break
        }
        return change
    }
}

private func withFollowed(_ tree: Tree, _ body: (Tree, Followed) async throws -> Void) async throws {
    let followed = try Followed(tree.folder)
    try await body(tree, followed)
    await followed.loop.shutdown()
}

private func withFollowed(_ body: (Tree, Followed) async throws -> Void) async throws {
    try await withTree { try await withFollowed($0, body) }
}
