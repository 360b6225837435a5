import Airlock
import AirlockProxyWasm
import Testing

@Suite("Services")
struct ServiceTests {
    @Test("One that there is once runs on one worker loop, any other on each", arguments: [true, false])
    func loops(singleton: Bool) async throws {
        try await withFilters(workers: 3) { filters in
            let configuration = FilterConfiguration(
                name: "service",
                source: Guest.wat(
                    #"(func (export "proxy_on_configure") (param i32 i32) (result i32) (call $note (i32.const 99) (i32.const 7)) (i32.const 1))"#
                ))
            let service = try await filters.runtime.loadService(configuration, singleton: singleton)
            let count = singleton ? 1 : 3
            #expect(service.workers == count)
            #expect(await service.status().readyLoops == count)
            #expect(filters.log.messages == Array(repeating: "c=7", count: count))
            try await service.reload()
            #expect(await service.status().readyLoops == count)
            #expect(await service.status().version == 2)
            await service.unload()
            #expect(await service.status().readyLoops == 0)
        }
    }
}
