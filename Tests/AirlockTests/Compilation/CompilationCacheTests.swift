import Airlock
import AirlockTesting
import Foundation
import TestSupport
import Testing
import Wasmtime

@Suite("Cache of compiled modules")
struct CompilationCacheTests {
    private let answering = "(module (func (export \"answer\") (result i32) i32.const 42))"

    @Test("A module that was compiled by an earlier host starts no compiler process")
    func hit() async throws {
        try await withTemporaryFolder { folder in
            try await expect([.compiled(.childProcess)], load(in: folder))
            // A second host could not even find a compiler.
            try await expect([.compiled(.cache)], load(in: folder, compiler: "/nowhere/compiler"))
            try await expect([.compiled(.cache)], load(in: folder, .trusted))
        }
    }

    @Test("Hosts that begin at once in a new folder agree on its key")
    func sharedFolder() async throws {
        try await withTemporaryFolder { folder in
            try await withThrowingTaskGroup(of: [Step].self) { group in
                for _ in 0..<6 { group.addTask { try await load(in: "\(folder)/cache") } }
                for try await steps in group {
                    #expect([[.compiled(.childProcess)], [.compiled(.cache)]].contains(steps))
                }
            }
            try await expect([.compiled(.cache)], load(in: "\(folder)/cache"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/cache").count == 2)
        }
    }

    @Test("A module that the host compiled in its own process is kept, too")
    func inProcess() async throws {
        try await withTemporaryFolder { folder in
            try await expect([.compiled(.inProcess)], load(in: folder, .trusted))
            try await expect([.compiled(.cache)], load(in: folder))
        }
    }

    @Test("Other bytes, and other settings of the engine, are other entries")
    func keys() async throws {
        try await withTemporaryFolder { folder in
            _ = try await load(in: folder)
            let other = answering.replacing("42", with: "43")
            try await expect([.compiled(.childProcess)], load(in: folder, module: other, value: 43))
            let engine = EngineConfiguration(optimization: .none)
            try await expect([.compiled(.childProcess)], load(in: folder, engine: engine))
            #expect(try entries(of: folder).count == 3)
            for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
                let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
                #expect(attributes[.posixPermissions] as? Int == 0o600)
            }
        }
    }

    @Test("An entry with one bit changed is never loaded, wherever the bit is; the module is compiled again")
    func flippedBits() async throws {
        try await withTemporaryFolder { folder in
            _ = try await load(in: folder)
            let entry = URL(filePath: try #require(try entries(of: folder).first))
            let original = try Data(contentsOf: entry)
            for index in stride(from: 0, to: original.count, by: max(1, original.count / 24)) + [original.count - 1] {
                var changed = original
                changed[index] ^= 1 << UInt8(index % 8)
                try changed.write(to: entry)
                try await expect([.cacheProblem, .compiled(.inProcess)], load(in: folder, .trusted), "byte \(index)")
                try await expect([.compiled(.cache)], load(in: folder))
            }
        }
    }

    @Test(
        "An entry that was cut off or extended is never loaded", arguments: [0, 1, 40, 87, 88, 89, 1_000, -1, 1 << 20])
    func length(length: Int) async throws {
        try await withTemporaryFolder { folder in
            _ = try await load(in: folder)
            let entry = URL(filePath: try #require(try entries(of: folder).first))
            let original = try Data(contentsOf: entry)
            let count = length < 0 ? original.count + length : length
            let changed = original.prefix(count) + Data(count: max(0, count - original.count))
            try changed.write(to: entry)
            try await expect([.cacheProblem, .compiled(.childProcess)], load(in: folder))
            try await expect([.compiled(.cache)], load(in: folder))
        }
    }

    @Test("An entry of another module, of another folder's key, or behind a link is never loaded")
    func foreign() async throws {
        try await withTemporaryFolder { folder in
            _ = try await load(in: folder)
            let own = try #require(try entries(of: folder).first)
            let other = answering.replacing("42", with: "43")
            _ = try await load(in: folder, module: other, value: 43)
            let renamed = try #require(try entries(of: folder).first { $0 != own })
            try FileManager.default.removeItem(atPath: own)
            try FileManager.default.copyItem(atPath: renamed, toPath: own)
            try await expect([.cacheProblem, .compiled(.childProcess)], load(in: folder))

            try await withTemporaryFolder { elsewhere in
                _ = try await load(in: elsewhere)
                let foreign = try #require(try entries(of: elsewhere).first)
                try FileManager.default.removeItem(atPath: own)
                try FileManager.default.copyItem(atPath: foreign, toPath: own)
                try await expect([.cacheProblem, .compiled(.childProcess)], load(in: folder))

                try FileManager.default.moveItem(atPath: own, toPath: "\(elsewhere)/moved")
                try FileManager.default.createSymbolicLink(atPath: own, withDestinationPath: "\(elsewhere)/moved")
                try await expect([.cacheProblem, .compiled(.childProcess)], load(in: folder))
            }
            try await expect([.compiled(.cache)], load(in: folder))
        }
    }

    @Test("With another key nothing of the folder is loaded")
    func otherKey() async throws {
        try await withTemporaryFolder { folder in
            _ = try await load(in: folder)
            try Data((0..<32).map { _ in UInt8.random(in: 0...255) }).write(to: URL(filePath: "\(folder)/key"))
            try await expect([.cacheProblem, .compiled(.childProcess)], load(in: folder))
        }
    }

    @Test("A key that others may read, that is no key, or that is a link refuses the host", arguments: [0, 1, 2, 3])
    func badKey(kind: Int) async throws {
        try await withTemporaryFolder { folder in
            _ = try await load(in: folder)
            let key = "\(folder)/key"
            switch kind {
            case 0: try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: key)
            case 1: try Data(count: 31).write(to: URL(filePath: key))
            case 2: try Data(count: 33).write(to: URL(filePath: key))
            default:
                try FileManager.default.moveItem(atPath: key, toPath: "\(folder)/moved")
                try FileManager.default.createSymbolicLink(atPath: key, withDestinationPath: "\(folder)/moved")
            }
            let error = await #expect(throws: PluginError.self) { try await load(in: folder) }
            #expect(error?.code == .configuration)
            #expect(error?.message.contains("key") == true)
        }
    }

    @Test("A folder that others may write refuses the host", arguments: [0o770, 0o707, 0o777])
    func writableFolder(permissions: Int) async throws {
        try await withTemporaryFolder { folder in
            try FileManager.default.setAttributes([.posixPermissions: permissions], ofItemAtPath: folder)
            let error = await #expect(throws: PluginError.self) { try await load(in: folder) }
            #expect(error?.code == .configuration)
            #expect(error?.message.contains(folder) == true)
        }
    }

    @Test("A folder of another user refuses the host", .enabled(if: geteuid() == 0, "only root can give files away"))
    func foreignFolder() async throws {
        try await withTemporaryFolder { folder in
            try FileManager.default.setAttributes([.ownerAccountID: 65_534], ofItemAtPath: folder)
            let error = await #expect(throws: PluginError.self) { try await load(in: folder) }
            #expect(error?.code == .configuration)
            #expect(error?.message.contains("user 65534") == true)
        }
    }

    @Test(
        "A path that can be no folder refuses the host", arguments: ["/etc/passwd", "/etc/passwd/cache", "/proc/cache"])
    func noFolder(path: String) async throws {
        let error = await #expect(throws: PluginError.self) { try await load(in: path) }
        #expect(error?.code == .configuration)
        #expect(error?.message.contains(path) == true)
    }

    @Test("A folder that is not there is made for its owner only")
    func newFolder() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/a/b"
            _ = try await load(in: path)
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.posixPermissions] as? Int == 0o700)
        }
    }

    @Test("Beyond its size the cache forgets what was not used for longest")
    func eviction() async throws {
        try await withTemporaryFolder { folder in
            _ = try await load(in: folder)
            let used = try #require(try entries(of: folder).first)
            let other = answering.replacing("42", with: "43")
            _ = try await load(in: folder, module: other, value: 43)
            let unused = try #require(try entries(of: folder).first { $0 != used })
            for (entry, age) in [(used, 200.0), (unused, 100.0)] {
                let date = Date(timeIntervalSinceNow: -age)
                try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: entry)
            }
            try await expect([.compiled(.cache)], load(in: folder))
            // Its name is that of an entry, and it leaves room for two more.
            let filler = "\(folder)/\(String(repeating: "0", count: 64)).cwasm"
            let size = try Data(contentsOf: URL(filePath: used)).count
            try Data(count: (1 << 20) - 5 * size / 2).write(to: URL(filePath: filler))
            _ = try await load(in: folder, module: answering.replacing("42", with: "44"), value: 44)
            let left = try entries(of: folder)
            #expect(left.contains(used))
            #expect(!left.contains(unused))
        }
    }

    @Test("A cache that cannot be written is reported, and the plugin is loaded all the same")
    func unwritable() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/cache"
            let configuration = configuration(path, compiler: nil, EngineConfiguration())
            try await withPluginHost(configuration) { host in
                var events = RecordedEvents(of: host)
                try FileManager.default.removeItem(atPath: path)
                let plugin = try await host.load(.wat(answering))
                let answer = try plugin.function("answer", returning: Int32.self)
                #expect(try await plugin.call(answer).value == 42)
                let event = await events.first { if case .cacheProblem = $0.kind { true } else { false } }
                guard case .cacheProblem(let problem)? = event?.kind else { return }
                #expect(problem.contains("could not be kept"))
            }
        }
    }

    private enum Step: Equatable {
        case cacheProblem
        case compiled(CompilationRoute)
    }

    private func expect(
        _ expected: [Step],
        _ steps: [Step],
        _ comment: Comment? = nil,
        at location: SourceLocation = #_sourceLocation
    ) {
        #expect(steps == expected, comment, sourceLocation: location)
    }

    /// Loads the module with a host of its own, calls it, and tells how it was come by.
    private func load(
        in folder: String,
        _ trust: ModuleTrust = .untrusted,
        compiler: String? = nil,
        module: String? = nil,
        value: Int32 = 42,
        engine: EngineConfiguration = EngineConfiguration()
    ) async throws -> [Step] {
        try await withPluginHost(configuration(folder, compiler: compiler, engine)) { host in
            var events = RecordedEvents(of: host)
            let plugin = try await host.load(PluginSource(.wat(module ?? answering), trust: trust))
            let answer = try plugin.function("answer", returning: Int32.self)
            #expect(try await plugin.call(answer).value == value)
            var steps: [Step] = []
            while let event = await events.first(where: { _ in true }) {
                switch event.kind {
                case .cacheProblem: steps.append(.cacheProblem)
                case .compiled(let route): steps.append(.compiled(route))
                case .loaded: return steps
                default: break
                }
            }
            return steps
        }
    }

    private func configuration(_ folder: String, compiler: String?, _ engine: EngineConfiguration)
        -> PluginHostConfiguration
    {
        PluginHostConfiguration(
            workers: 1,
            engine: engine,
            compilation: .childProcess(compiler: compiler, cache: .folder(folder, maximumBytes: 1 << 20))
        )
    }

    private func entries(of folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".cwasm") }
            .map { "\(folder)/\($0)" }
    }
}
