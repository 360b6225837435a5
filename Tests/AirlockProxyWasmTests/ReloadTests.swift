import Airlock
import AirlockProxyWasm
import AirlockTesting
import Foundation
import TestSupport
import Testing
import Wasmtime

@Suite("Reload of filters")
struct ReloadTests {
    /// A filter that names its version in a header of requests and responses, and says when its root context ends.
    private func version(_ number: Int, _ more: String = "") -> PluginSource {
        Guest.wat(
            """
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
              (drop (call $add_header_map_value (i32.const 0) @"x-version" @"\(number)")) (i32.const 0))
            (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
              (drop (call $add_header_map_value (i32.const 2) @"x-version" @"\(number)")) (i32.const 0))
            (func (export "proxy_on_done") (param $id i32) (result i32)
              (if (i32.eq (local.get $id) (i32.const 1)) (then (call $say @"done \(number)"))) (i32.const 1))
            (func (export "proxy_on_delete") (param $id i32)
              (if (i32.eq (local.get $id) (i32.const 1)) (then (call $say @"deleted \(number)"))))
            \(more)
            """)
    }

    private func versionOfRequest(_ stream: HTTPFilterStream) async -> String? {
        await stream.requestHeaders(getRequest, endOfStream: true).forwarded?["x-version"]
    }

    @Test("New streams use the new version; open ones end on theirs, whose machine ends with the last of them")
    func openStreams() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(version(1))
            let old = await filters.stream(filter)
            #expect(await versionOfRequest(old) == "1")
            try await filter.reload(from: version(2))
            let new = await filters.stream(filter)
            #expect(await versionOfRequest(new) == "2")
            #expect(await filter.status().liveVersions == [1, 2])
            #expect(filters.log.messages == [])
            #expect(await old.responseHeaders(okResponse, endOfStream: true).forwarded?["x-version"] == "1")
            await old.finish()
            #expect(filters.log.messages == ["done 1", "deleted 1"])
            #expect(await filter.status().liveVersions == [2])
            await new.finish()
            #expect(await filter.status().version == 2)
        }
    }

    @Test(
        "A version that is refused changes nothing",
        arguments: [
            (#"(func (export "_initialize") unreachable)"#, PluginError.Code.trap),
            (#"(func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 0))"#, .guestError),
            (#"(func (export "proxy_on_tick") (param i64))"#, .signatureMismatch),
        ]
    )
    func refused(mistake: String, code: PluginError.Code) async throws {
        try await withFilters(workers: 2) { filters in
            let filter = try await filters.load(version(1))
            let error = await #expect(throws: PluginError.self) {
                try await filter.reload(from: version(2, mistake))
            }
            #expect(error?.code == code)
            let stream = await filters.stream(filter)
            #expect(await versionOfRequest(stream) == "1")
            await stream.finish()
            #expect(await filter.status().liveVersions == [1])
            #expect(await filter.status().version == 1)
        }
    }

    @Test("A version that only some worker loops accept is refused on all")
    func half() async throws {
        try await withFilters(workers: 2) { filters in
            let filter = try await filters.load(version(1))
            let once = version(
                2,
                """
                (func (export "proxy_on_configure") (param i32 i32) (result i32)
                  (if (i32.eqz (call $get_shared_data @"seen" @result (i32.const 24))) (then (return (i32.const 0))))
                  (drop (call $set_shared_data @"seen" @"1" (i32.const 0))) (i32.const 1))
                """)
            let error = await #expect(throws: PluginError.self) { try await filter.reload(from: once) }
            #expect(error?.code == .guestError)
            #expect(await filter.status().liveVersions == [1])
        }
    }

    @Test("No request fails while versions change under load")
    func underLoad() async throws {
        try await withFilters(workers: 2) { filters in
            let filter = try await filters.load(version(0))
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        for _ in 0..<100 {
                            let stream = await filters.stream(filter)
                            let request = await versionOfRequest(stream)
                            let response = await stream.responseHeaders(okResponse, endOfStream: true).forwarded?[
                                "x-version"]
                            #expect(request != nil)
                            #expect(request == response)
                            await stream.finish()
                        }
                    }
                }
                for number in 1...5 {
                    await #expect(throws: Never.self) { try await filter.reload(from: version(number)) }
                }
            }
            #expect(await filter.status().liveVersions == [6])
        }
    }

    @Test("A file that is watched is reloaded when it changes")
    func watch() async throws {
        let folder = try TemporaryFolder()
        let file = URL(filePath: folder.at("filter.wasm"))
        func write(_ number: Int) throws {
            guard case .wat(let text) = version(number).origin else { return }
            try Data(Module.binary(ofWAT: text)).write(to: file, options: .atomic)
        }
        try write(1)
        try await withFilters { filters in
            let filter = try await filters.load(.file(file.path()))
            try await filter.watch()
            var events = RecordedEvents(of: filters.host)
            try write(2)
            _ = await events.first { if case .reloaded = $0.kind { true } else { false } }
            let stream = await filters.stream(filter)
            #expect(await versionOfRequest(stream) == "2")
            await stream.finish()
        }
    }

    @Test("A filter that is unloaded is passed over where its policy is open, and its open streams end with it")
    func unload() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(version(1)) { $0.failurePolicy = .open }
            let old = await filters.stream(filter)
            #expect(await versionOfRequest(old) == "1")
            await filter.unload()
            let new = await filters.stream(filter)
            #expect(await new.requestHeaders(getRequest, endOfStream: true).forwarded == getRequest)
            #expect(await old.responseHeaders(okResponse, endOfStream: true).forwarded?["x-version"] == "1")
            await old.finish()
            await new.finish()
            #expect(filters.log.messages == ["done 1", "deleted 1"])
        }
    }

    @Test("Requests that need an unloaded filter are answered with 503")
    func unloadRequired() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(version(1))
            let other = try await filters.load(version(2), name: "other")
            await filter.unload()
            for stream in [await filters.stream(filter), await filters.stream(other, filter)] {
                let reply = await stream.requestHeaders(getRequest, endOfStream: true).reply
                #expect(reply?.status == 503)
                #expect(reply?.details == "filter_unloaded")
                await stream.finish()
            }
        }
    }

    @Test("When the runtime ends, the filters are told")
    func shutdown() async throws {
        try await withFilters { filters in
            _ = try await filters.load(version(1))
            await filters.runtime.shutdown()
            #expect(filters.log.messages == ["done 1", "deleted 1"])
        }
    }

    @Test("A root context that answers 0 to its end stays until proxy_done")
    func waitsForDone() async throws {
        try await withFilters { filters in
            let slow = Guest.wat(
                """
                (func (export "proxy_on_configure") (param i32 i32) (result i32)
                  (call $note (i32.const 100) (call $done)) (i32.const 1))
                (func (export "proxy_on_done") (param i32) (result i32)
                  (call $say @"not yet") (drop (call $set_tick_period_milliseconds (i32.const 1))) (i32.const 0))
                (func (export "proxy_on_tick") (param i32) (call $note (i32.const 100) (call $done)))
                (func (export "proxy_on_delete") (param i32) (call $say @"deleted"))
                """)
            let filter = try await filters.load(slow)
            try await filter.reload(from: version(2))
            await filters.log.wait(for: "deleted")
            #expect(await filter.status().liveVersions == [2])
            #expect(filters.log.messages == ["d=1", "not yet", "d=0", "deleted"])
        }
    }
}
