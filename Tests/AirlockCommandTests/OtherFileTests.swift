import Foundation
import Testing
import Wasmtime

@Suite("airlock inspect of what is not a module")
struct OtherFileTests {
    static let magic: [UInt8] = [0x00, 0x61, 0x73, 0x6D]

    /// The report of a file with these bytes, which must be refused with 1.
    private func report(_ bytes: [UInt8]) async throws -> (json: Report, text: String) {
        var found: (json: Report, text: String)?
        try await withPlugin(bytes: bytes, [:]) { plugin in
            let json = try await inspected(["inspect", plugin.path, "--format", "json"], status: 1)
            let text = try await airlock(["inspect", plugin.path])
            #expect(text.status == 1)
            #expect(text.errors == "")
            found = (json, text.output)
        }
        return try #require(found)
    }

    @Test("A component is shown as one, with memory that the host could not know, and why it is refused")
    func component() async throws {
        let bytes = try Module.binary(
            ofWAT: #"""
                (component
                  (core module (memory 3) (func (export "run")))
                  (core module)
                  (type (func))
                  (import "log" (func (type 0))))
                """#)
        let (json, text) = try await report(bytes)
        #expect(json.kind == "component")
        #expect(json.sha256?.count == 64)
        #expect(json.contents == nil)
        #expect(json.component?.memory == "unknown")
        #expect(json.component?.damage == nil)
        #expect(json.component?.sections.first { $0.name == "core module" }?.count == 2)
        #expect(json.component?.sections.contains { $0.name == "import" } == true)
        #expect(json.refusals.map(\.code) == ["invalidModule"])
        #expect(
            json.refusals.first?.message
                == "this is a component, and components are not supported yet: expected a core module. "
                + "The host could not see a component's memories, and so neither limit nor report them")
        #expect(text.contains("bytes, a component\n"))
        #expect(text.contains("\n  memory    unknown: "))
        #expect(text.contains("\n    core module, 2 of them "))
    }

    @Test(
        "A component that is cut off or makes no sense is still told apart",
        arguments: [
            ([], nil),
            ([1], "at byte 8: expected all of a section (core module), came the end of the file"),
            (
                [1, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
                "at byte 8: expected all of a section (core module), came the end of the file"
            ),
            (
                [1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
                "at byte 8: expected all of a section (core module), came the end of the file"
            ),
            ([0, 1, 0, 99, 0], "at byte 11: expected a section, which has a number up to 12, came 99"),
        ] as [([UInt8], String?)]
    )
    func damagedComponent(rest: [UInt8], damage: String?) async throws {
        let (json, _) = try await report(Self.magic + [0x0D, 0, 1, 0] + rest)
        #expect(json.kind == "component")
        #expect(json.component?.damage == damage)
        #expect(json.component?.memory == "unknown")
        #expect(json.refusals.count == 1)
    }

    @Test(
        "What is no WebAssembly is refused with what it looks like",
        arguments: [
            ([], "an empty file"),
            ([0x00, 0x61], "the begin of WebAssembly, cut off after 2 bytes"),
            (magic + [1, 0], "the begin of WebAssembly, cut off after 6 bytes"),
            (magic + [2, 0, 0, 0], "WebAssembly of a version that is not known (2 0 0 0)"),
            ([0x7F] + Array("ELF".utf8) + [2, 1, 1, 0], "an ELF file: a program, a library or a core dump"),
            (Array("\n  (module (func))".utf8), "WebAssembly in the text format, which must be assembled first"),
            (Array("#!/bin/sh\n".utf8), "a script"),
            (Array("hällo\n".utf8), "text"),
            ([0x1F, 0x8B, 8, 0], "data packed by gzip"),
            ([0, 0, 0, 0], "data of a kind that is not known"),
        ] as [([UInt8], String)]
    )
    func other(bytes: [UInt8], words: String) async throws {
        let (json, text) = try await report(bytes)
        #expect(json.kind == "unknown")
        #expect(json.looksLike == words)
        #expect(json.refusals.map(\.code) == ["invalidModule"])
        #expect(
            json.refusals.first?.message
                == "this is \(words): expected a core module of WebAssembly, which begins with 00 61 73 6D 01 00 00 00")
        #expect(text.contains("\n  size      "))
        #expect(text.contains(" bytes, \(words)\n"))
    }

    @Test("A module that is cut off is a module, refused with the place")
    func truncated() async throws {
        let module = try Module.binary(ofWAT: #"(module (memory 1) (func (export "run") (result i32) (i32.const 1)))"#)
        for count in [9, module.count - 1] {
            let (json, _) = try await report(Array(module.prefix(count)))
            #expect(json.kind == "module")
            #expect(json.refusals.first?.code == "invalidModule")
            #expect(json.refusals.first?.message.hasPrefix("the module is malformed at byte ") == true)
        }
    }

    @Test(
        "A file with more bytes than a module may have is not read, and refused with what it is",
        arguments: [
            (
                magic + [1, 0, 0, 0], "module", "moduleBounds",
                "the file has 209715200 bytes, expected at most 33554432"
            ),
            (magic + [0x0D, 0, 1, 0], "component", "invalidModule", "this is a component"),
            (
                [0x7F] + Array("ELF".utf8), "unknown", "invalidModule",
                "this is an ELF file: a program, a library or a core dump"
            ),
        ] as [([UInt8], String, String, String)]
    )
    func huge(begin: [UInt8], kind: String, code: String, message: String) async throws {
        try await withPlugin(bytes: begin, [:]) { plugin in
            // The rest is a hole, which takes no room on the disk.
            let file = try FileHandle(forWritingTo: URL(filePath: plugin.path))
            try file.truncate(atOffset: 200 << 20)
            try file.close()
            let report = try await inspected(["inspect", plugin.path, "--format", "json"], status: 1)
            #expect(report.kind == kind)
            #expect(report.bytes == 200 << 20)
            #expect(report.sha256 == nil)
            #expect(report.refusals.map(\.code) == [code])
            #expect(report.refusals.first?.message.hasPrefix(message) == true)
            #expect(!report.loads)
            #expect(try await airlock(["inspect", plugin.path]).output.contains("\n  size      209,715,200 bytes, "))
        }
    }
}
