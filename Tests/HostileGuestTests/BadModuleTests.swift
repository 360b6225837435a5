import Airlock
import AirlockTesting
import Foundation
import TestSupport
import Testing
import Wasmtime

@Suite("Hostile: modules that are refused", .hostile)
struct BadModuleTests {
    @Test("Imports that nobody grants, from the plugin itself or from elsewhere, are refused with the whole list")
    func unknownImports() async {
        await #expect(processExitsWith: .success) {
            try await withstand(.quick) { host in
                {
                    let error = try await failure(.missingCapability) {
                        _ = try await host.load(
                            .wat(
                                #"""
                                (module
                                  (import "hostile" "one" (func (result i32)))
                                  (import "" "" (func))
                                  (import "env" "memory" (memory 1))
                                  (import "test" "give" (func (result i32)))
                                  (func (export "one") (result i32) i32.const 1))
                                """#), name: "hostile", granting: [Giving()])
                    }
                    for name in ["hostile.one needs", " . needs", "env.memory needs"] {
                        try #require(error.message.contains(name), "\(error)")
                    }
                    try #require(!error.message.contains("test.give"))
                }
            }
        }
    }

    @Test("An import of another type or kind than what was granted is refused")
    func wrongTypes() async {
        await #expect(processExitsWith: .success) {
            try await withstand(.quick) { host in
                let types = [
                    "(func)", "(func (result i64))", "(func (param i32) (result i32))", "(func (result i32 i32))",
                    "(func (result externref))", "(global i32)", "(global (mut i32))", "(memory 1)",
                    "(table 1 funcref)", "(tag)",
                ]
                return taking(types) { type in
                    let error = try await failure(.signatureMismatch) {
                        _ = try await host.load(
                            .wat("(module (import \"test\" \"give\" \(type)))"), name: "hostile", granting: [Giving()])
                    }
                    try #require(error.message.contains("give"), "\(error)")
                }
            }
        }
    }

    @Test("A host function that waits is refused to a plugin that cannot wait")
    func waiting() async {
        await #expect(processExitsWith: .success) {
            try await withstand(.quick) { host in
                {
                    let error = try await failure(.missingCapability) {
                        _ = try await host.load(
                            .wat("(module (import \"test\" \"later\" (func)))"), name: "hostile", granting: [Giving()])
                    }
                    try #require(error.message.contains("waits"))
                }
            }
        }
    }

    @Test("Names of imports and exports that are not UTF-8 are refused")
    func names() async {
        await #expect(processExitsWith: .success) {
            try await withstand { host in
                let types = WasmBytes.section(1, [1, 0x60, 0, 0])
                let globals = WasmBytes.section(6, [1, 0x7F, 0, 0x41, 0, 0x0B])
                let sections: [[UInt8]] = [
                    types + [2, 8, 1, 2, 0xFF, 0xFE, 1, 0x61, 0, 0], types + [2, 8, 1, 1, 0x61, 2, 0xC0, 0x80, 0, 0],
                    globals + [7, 7, 1, 3, 0xED, 0xA0, 0x80, 3, 0],
                ]
                return taking(sections) { section in
                    let bytes = WasmBytes.preamble + section
                    _ = try await failure(.invalidModule) {
                        _ = try await host.load(.bytes(bytes), name: "hostile")
                    }
                }
            }
        }
    }

    @Test("A name section that is no name section changes nothing")
    func customSections() async {
        await #expect(processExitsWith: .success) {
            try await withstand(.quick) { host in
                let name = [4] + Array("name".utf8)
                let garbage: [[UInt8]] = [
                    WasmBytes.section(0, name + [1, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F]),
                    WasmBytes.section(0, name + [0, 3, 2, 0xFF, 0xFE]),
                    WasmBytes.section(0, [2, 0xFF, 0xFE] + [UInt8](repeating: 0xFF, count: 100)),
                ]
                return taking(garbage) { section in
                    do {
                        let plugin = try await host.load(.bytes(WasmBytes.preamble + section), name: "hostile")
                        await plugin.unload()
                    } catch let error as PluginError {
                        try #require(error.code == .invalidModule, "\(error)")
                    }
                }
            }
        }
    }

    @Test("A component in the place of a module is refused as no module")
    func component() async {
        await #expect(processExitsWith: .success) {
            try await withstand { host in
                {
                    let error = try await failure(.invalidModule) {
                        _ = try await host.load(.bytes([0, 0x61, 0x73, 0x6D, 0x0D, 0, 1, 0]), name: "hostile")
                    }
                    try #require(error.message.contains("byte 4: expected version 1 of a core module"), "\(error)")
                }
            }
        }
    }

    @Test("What is no module at all is refused")
    func noModule() async {
        await #expect(processExitsWith: .success) {
            try await withstand { host in
                let texts: [[UInt8]] = [
                    [], [0], [0, 0x61, 0x73, 0x6D], Array("#!/bin/sh".utf8), [0x7F, 0x45, 0x4C, 0x46],
                ]
                return taking(texts) { bytes in
                    _ = try await failure(.invalidModule) { _ = try await host.load(.bytes(bytes), name: "hostile") }
                }
            }
        }
    }

    @Test("A device, a folder and a pipe in the place of a file are refused")
    func noFile() async {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            let pipe = folder.at("pipe")
            // Safe: the path is read during the call only.
            try #require(unsafe mkfifo(pipe, 0o600) == 0)
            try await withstand { host in
                taking([
                    ("/dev/zero", "is not a regular file"), ("/", "is not a regular file"),
                    (pipe, "is not a regular file"),
                    ("/nowhere", "No such file"), ("/dev/full", "is not a regular file"),
                    // What the system would take for a file named `plugin`.
                    ("plugin\0.wasm", "cannot open 'plugin\\u{0}.wasm': Invalid argument"),
                ]) { path, reason in
                    let error = try await failure(.invalidModule) {
                        _ = try await host.load(.file(path), name: "hostile")
                    }
                    try #require(error.message.contains(reason), "\(error)")
                }
            }
        }
    }

    @Test("A module with another digest than the pinned one is refused before anything is done with it")
    func digest() async {
        await #expect(processExitsWith: .success) {
            try await withstand { host in
                let source = PluginSource.bytes([1, 2, 3]).pinned(sha256: String(repeating: "a", count: 64))
                return { _ = try await failure(.digestMismatch) { _ = try await host.load(source, name: "hostile") } }
            }
        }
    }

    @Test("An instruction of a proposal that is off is refused")
    func proposals() async {
        await #expect(processExitsWith: .success) {
            try await withstand { host in
                let texts = [
                    "(memory 1 1 shared)", "(memory i64 1)",
                    "(memory 1) (func (drop (i32.atomic.load (i32.const 0))))", "(type (struct))",
                ]
                return taking(texts) { text in
                    _ = try await failure(.invalidModule) {
                        _ = try await host.load(.wat("(module \(text))"), name: "hostile")
                    }
                }
            }
        }
    }
}

extension PluginHostConfiguration {
    fileprivate static let quick = hostile(engine: .quickCompiling)
}

private struct Giving: Capability {
    static let id: CapabilityID = "test:giving"

    static let functions = HostFunctions<Self>(module: "test") {
        HostFunction("give") { (_, _) throws(HostError) -> Int32 in 1 }
        HostFunction("later") { (_, _) async throws(HostError) -> Void in }
    }
}
