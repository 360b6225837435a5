import Airlock
import Foundation
import TestSupport
import Testing

@Suite("Folder of plugins")
struct PluginFolderTests {
    @Test("Files and folders of versions are found, by name")
    func forms() async throws {
        try await withTree { tree in
            try tree.write("search/1.9.0/plugin.wasm", "search/1.10.0/plugin.wasm", "cart.wasm", "a.b/v1/plugin.wasm")
            let found = try tree.folder.scan()
            #expect(found.map(\.name) == ["a.b", "cart", "search"])
            #expect(found.map(\.version) == ["v1", nil, "1.10.0"])
            #expect(
                found.map(\.path)
                    == ["a.b/v1/plugin.wasm", "cart.wasm", "search/1.10.0/plugin.wasm"].map { "\(tree.root)/\($0)" })
            #expect(try PluginFolder("\(tree.root)//").scan() == found)
        }
    }

    @Test(
        "The greatest version wins",
        arguments: [
            ["1", "2", "10"], ["1.9", "1.10"], ["1.2", "1.2.1"], ["1.9.9", "v2"], ["v9", "v10"], ["V1.0.9", "v1.0.10"],
            ["1.2.0-rc1", "1.2.0"], ["1.2.0-rc1", "1.2.0-rc2"], ["latest", "0"], ["blue", "green"],
            ["x", "1.0", "1.1"],
            ["9", "10000000000000000000000000000000000000", "10000000000000000000000000000000000001"], ["007", "8"],
            // Equal numbers, in the order of their bytes.
            ["01", "1"], ["1", "1.0", "1.0.0"], ["1.0", "v1"], ["1.x", "1"], ["2024-01-31", "2024-02-01"],
            ["1..1", "1.0"],
        ])
    func versions(ascending: [String]) async throws {
        for one in ascending.indices {
            for two in ascending.indices {
                #expect((VersionText(ascending[one]) < VersionText(ascending[two])) == (one < two))
                #expect((VersionText(ascending[one]) == VersionText(ascending[two])) == (one == two))
            }
        }
        try await withTree { tree in
            for version in ascending { try tree.write("cart/\(version)/plugin.wasm") }
            #expect(try tree.folder.scan().map(\.version) == [ascending.last])
        }
    }

    @Test("Any texts have one order")
    func order() {
        var random = SystemRandomNumberGenerator()
        let pieces = ["", "0", "1", "9", "10", "01", "v", "V", "a", "-", ".", ".", ".", "é"]
        let texts = (0..<60).map { _ in
            VersionText(
                (0..<Int.random(in: 0...5, using: &random)).map { _ in pieces.randomElement(using: &random)! }.joined())
        }
        for one in texts {
            for two in texts {
                #expect([one < two, two < one, one == two].count { $0 } == 1)
                for three in texts where one < two && two < three {
                    #expect(one < three, "\(one.text), \(two.text), \(three.text)")
                }
            }
        }
    }

    @Test("A version's folder without a module does not count")
    func unfinished() async throws {
        try await withTree { tree in
            try tree.write("cart/1/plugin.wasm", "cart/2/other.wasm", "cart/3/plugin.wasm/file", "cart/4")
            try tree.link("cart/5", to: "nowhere")
            #expect(try tree.folder.scan().map(\.version) == ["1"])
        }
    }

    @Test("What is hidden, unfinished or neither form is ignored")
    func ignored() async throws {
        try await withTree { tree in
            try tree.write(
                ".hidden.wasm", ".wasm", ".data/1/plugin.wasm", "cart.wasm.tmp", "cart.wasm~", "cart.wasm.part",
                "cart.WASM",
                "README.md", "empty/notes.txt", "direct/plugin.wasm", "folder.wasm/1/plugin.wasm", "old~/1/plugin.wasm",
                "kept/.2/plugin.wasm", "kept/2.tmp/plugin.wasm", "kept/2.new/plugin.wasm", "kept/1/plugin.wasm",
                "accent.wasm\u{301}")
            try tree.link("nowhere.wasm", to: "gone")
            try tree.link("circle.wasm", to: "circle.wasm")
            try tree.link("circle", to: "circle")
            try tree.link("file", to: "README.md")
            // Safe: the path is read during the call only.
            #expect(unsafe mkfifo("\(tree.root)/pipe.wasm", 0o600) == 0)
            // Not UTF-8.
            let name = Array("\(tree.root)/".utf8) + [0xFF, 0xFE] + Array(".wasm".utf8) + [0]
            // Safe: the bytes end with a zero and are read during the call only.
            unsafe name.withUnsafeBufferPointer { bytes in
                unsafe bytes.withMemoryRebound(to: CChar.self) { _ = unsafe close(creat($0.baseAddress!, 0o600)) }
            }
            let found = try tree.folder.scan()
            #expect(found.map(\.name) == ["kept"] && found.map(\.version) == ["1"])
        }
    }

    @Test("Symbolic links are followed, and the path stays that of the link")
    func links() async throws {
        try await withTree { tree in
            try tree.write(".data/cart.wasm", ".data/search/1/plugin.wasm", ".data/two/plugin.wasm", ".data/module")
            try tree.link("cart.wasm", to: ".data/cart.wasm")
            try tree.link("search", to: "\(tree.root)/.data/search")
            try tree.link(".data/search/2", to: "../two")
            try tree.link(".data/search/3", to: "../two")
            try tree.write("mail/1/notes")
            try tree.link("mail/1/plugin.wasm", to: "../../.data/module")
            let found = try tree.folder.scan()
            #expect(found.map(\.name) == ["cart", "mail", "search"])
            #expect(
                found.map(\.path)
                    == ["cart.wasm", "mail/1/plugin.wasm", "search/3/plugin.wasm"].map { "\(tree.root)/\($0)" })
        }
    }

    @Test("Two modules of one name are an error that names both")
    func twice() async throws {
        try await withTree { tree in
            try tree.write("cart.wasm", "cart/notes.txt")
            #expect(try tree.folder.scan().count == 1)
            try tree.write("cart/1.0/plugin.wasm")
            let error = #expect(throws: PluginError.self) { try tree.folder.scan() }
            #expect(error?.code == .configuration)
            #expect(error?.message.contains("'\(tree.root)/cart.wasm' and '\(tree.root)/cart/1.0/plugin.wasm'") == true)
        }
        // Two ways to write one character.
        try await withTree { tree in
            try tree.write("caf\u{E9}.wasm", "cafe\u{301}.wasm")
            guard try files(in: tree.root).count == 2 else { return }
            #expect(throws: PluginError.self) { try tree.folder.scan() }
        }
    }

    @Test("A folder with too many entries is refused")
    func bounded() async throws {
        try await withTree { tree in
            for index in 1..<PluginFolder.mostEntries {
                // Safe: the path is read during the call only.
                close(unsafe creat("\(tree.root)/\(index)", 0o600))
            }
            try tree.write("cart.wasm")
            #expect(try tree.folder.scan().count == 1)
            try tree.write("search/1/plugin.wasm")
            let error = #expect(throws: PluginError.self) { try tree.folder.scan() }
            #expect(error?.code == .configuration)
            #expect(error?.message.contains("more than 10000 entries") == true)
        }
    }

    @Test("What is no folder is an error that names it")
    func noFolder() async throws {
        try await withTree { tree in
            try tree.write("file")
            for path in ["\(tree.root)/gone", "\(tree.root)/file", "\(tree.root)\0", ""] {
                let error = #expect(throws: PluginError.self) { try PluginFolder(path).scan() }
                #expect(error?.code == .configuration)
                #expect(error?.message.contains("the folder of plugins '\(path)' cannot be used") == true)
            }
        }
    }

    @Test("The difference of two scans has what is new, what changed, and what is gone")
    func difference() async throws {
        try await withTree { tree in
            try tree.write("a.wasm", "b/1/plugin.wasm", "c.wasm", "d.wasm", "same.wasm")
            let before = try tree.folder.scan()
            try tree.write("b/2/plugin.wasm", "e.wasm")
            try tree.remove("c.wasm")
            try tree.write("d.wasm", content: "longer")
            try tree.remove("a.wasm")
            try tree.write("a/1/plugin.wasm")
            let after = try tree.folder.scan()
            let difference = PluginFolder.Difference(from: before, to: after)
            #expect(difference.added.map(\.name) == ["e"])
            #expect(difference.changed.map(\.name) == ["a", "b", "d"])
            #expect(difference.changed.map(\.version) == ["1", "2", nil])
            #expect(difference.removed.map(\.name) == ["c"])
            #expect(difference.removed == before.filter { $0.name == "c" })
            #expect(PluginFolder.Difference(from: after, to: after).isEmpty)
        }
    }
}

@Suite("What belongs to a module in a folder of plugins")
struct PluginFolderCompanionTests {
    @Test("A manifest or a signature that comes, is written anew or goes is a change of its plugin only")
    func companions() async throws {
        try await withTree { tree in
            try tree.write("cart.wasm", "mail.wasm", "search/1/plugin.wasm")
            var before = try tree.folder.scan()
            for (file, plugin) in [
                ("cart.plugin.yaml", "cart"), ("cart.wasm.sig", "cart"), ("search/1/plugin.yaml", "search"),
                ("search/1/plugin.plugin.yaml", "search"), ("search/1/plugin.wasm.sig", "search"),
            ] {
                for content in ["one", "other", nil] {
                    if let content { try tree.write(file, content: content) } else { try tree.remove(file) }
                    let after = try tree.folder.scan()
                    let difference = PluginFolder.Difference(from: before, to: after)
                    #expect(difference.changed.map(\.name) == [plugin])
                    #expect(difference.added.isEmpty && difference.removed.isEmpty)
                    before = after
                }
            }
            try tree.write("plugin.yaml", "search/plugin.yaml")
            let difference = PluginFolder.Difference(from: before, to: try tree.folder.scan())
            #expect(difference.changed.map(\.name) == ["cart", "mail"])
        }
    }
}

/// A folder that a test puts plugins into, and in which others may lie beside it.
struct Tree: Sendable {
    let place: TemporaryFolder
    let name: String

    var root: String { place.at(name) }
    var folder: PluginFolder { PluginFolder(root) }

    /// Writes files, truncating those that are there, and makes their folders.
    func write(_ paths: String..., content: String = "module") throws {
        for path in paths { try place.write(content, to: "\(name)/\(path)") }
    }

    func link(_ path: String, to target: String) throws { try place.link("\(name)/\(path)", to: target) }

    /// Renames, over what has the other name.
    func rename(_ path: String, to other: String) throws { try place.move("\(name)/\(path)", to: "\(name)/\(other)") }

    func remove(_ path: String) throws { try place.remove("\(name)/\(path)") }

    /// Makes a file look as if it had been written at this time.
    func setTime(_ time: Date, of path: String) throws {
        try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: "\(root)/\(path)")
    }
}

func withTree(_ body: (Tree) async throws -> Void) async throws {
    let place = try TemporaryFolder()
    try place.makeFolder("plugins")
    try await body(Tree(place: place, name: "plugins"))
}
