import Airlock
import AirlockProxyWasm
import ExternalProcessingMessages
import GRPCCore
import Gateway
import Testing

@Suite struct `Streams of external processing` {
    private func error(
        _ plugin: PluginConfiguration = ProcessingGuest().plugin(),
        _ change: (inout ExternalProcessingConfiguration) -> Void = { _ in },
        of requests: EnvoyProcessingRequest...
    ) async throws -> RPCError? {
        let caught = AsyncStream<RPCError?>.makeStream()
        try await ProcessingService.with([plugin], change) { service in
            let error = await #expect(throws: RPCError.self) {
                try await service.stream { envoy in
                    for request in requests { envoy.send(request) }
                    while try await envoy.receive() != nil {}
                }
            }
            caught.continuation.yield(error)
        }
        return await caught.stream.first { _ in true } ?? nil
    }

    @Test func `a filter that traps refuses the request where it must not be left out`() async throws {
        var guest = ProcessingGuest()
        guest.on(.requestHeaders, "unreachable")
        try await ProcessingService.with([guest.plugin()]) { service in
            try await service.stream { envoy in
                let answer = try await envoy.answer(to: .requestHeaders(endOfStream: true))
                #expect(answer.immediateResponse.status.code == 503)
                #expect(answer.immediateResponse.details == "filter_failed")
            }
            let report = try #require(await service.reports.first { _ in true })
            #expect(report.status == 503)
            #expect(report.filters.filters.first?.failure?.code == .trap)
        }
    }

    @Test func `a filter that traps is left out where it may be`() async throws {
        var (failing, other) = (ProcessingGuest(), ProcessingGuest())
        failing.on(.requestHeaders, failing.add(0, "x-failed", "1"), "unreachable")
        other.on(.requestHeaders, other.add(0, "x-other", "1"))
        other.on(.responseHeaders, other.add(2, "x-other", "1"))
        try await ProcessingService.with([failing.plugin("failing", onFailure: .open), other.plugin("other")]) {
            service in
            try await service.stream { envoy in
                let request = try await envoy.answer(to: .requestHeaders(endOfStream: true))
                #expect(request.requestHeaders.response.headerMutation.changes.contains("x-other=1"))
                let response = try await envoy.answer(to: .responseHeaders(endOfStream: true))
                #expect(response.responseHeaders.response.headerMutation.changes == ["x-other=1"])
            }
        }
    }

    @Test func `messages in an order that cannot be are refused with the reason`() async throws {
        let skipped = try await error(of: .responseHeaders())
        #expect(skipped?.code == .failedPrecondition)
        #expect(skipped?.message == "expected request_headers first, found response_headers")
        let early = try await error(of: .requestHeaders(), .responseBody("x", endOfStream: true))
        #expect(early?.code == .failedPrecondition)
        #expect(early?.message == "response_body came before response_headers; its header mode must be SEND")
        let twice = try await error(of: .requestHeaders(), .requestHeaders())
        #expect(twice?.message == "request_headers came after request_headers")
        let late = try await error(of: .requestHeaders(endOfStream: true), .requestBody("x", endOfStream: true))
        #expect(late?.message == "request_body came after the end of the request")
        let empty = try await error(of: .requestHeaders(), EnvoyProcessingRequest())
        #expect(empty?.message == "expected a part of a request or a response, found none")
    }

    @Test func `fields that cannot be in a message are refused`() async throws {
        let name = try await error(of: .requestHeaders([("x y", "1")]))
        #expect(name?.code == .invalidArgument)
        #expect(name?.message == "request_headers: expected header fields, found \"x y\"")
        let value = try await error(of: .requestHeaders([("x", "1\r\ny: 2")]))
        #expect(value?.code == .invalidArgument)
    }

    @Test func `ways to send bodies that are not known are refused`() async throws {
        let error = try await error(of: .requestHeaders(modes: (.grpc, .none)))
        #expect(error?.code == .unimplemented)
        #expect(error?.message == "expected another body mode than GRPC, found grpc")
    }

    @Test func `a message that is too large ends its stream, and no other`() async throws {
        let large = String(repeating: "x", count: 70_000)
        try await ProcessingService.with([ProcessingGuest().plugin()], { $0.messageSize = 64 << 10 }) { service in
            try await service.stream { envoy in
                _ = try await envoy.answer(to: .requestHeaders())
                await #expect(throws: RPCError.self) {
                    try await service.stream { other in
                        _ = try await other.answer(to: .requestHeaders())
                        _ = try await other.answer(to: .requestBody(large, endOfStream: true))
                    }
                }
                _ = try await envoy.answer(to: .requestBody("x", endOfStream: true))
            }
        }
    }

    @Test func `a stream that takes too long is ended`() async throws {
        var guest = ProcessingGuest()
        guest.on(.requestHeaders, return: 1)
        let error = try await error(
            guest.plugin(), { $0.deadline = .milliseconds(1) }, of: .requestHeaders(endOfStream: true))
        #expect(error?.code == .deadlineExceeded)
    }

    @Test(.timeLimit(.minutes(1))) func `more streams than configured are refused`() async throws {
        try await ProcessingService.with([ProcessingGuest().plugin()], { $0.streams = 1 }) { service in
            try await service.stream { envoy in
                _ = try await envoy.answer(to: .requestHeaders(endOfStream: true))
                let error = await #expect(throws: RPCError.self) {
                    // On one connection the second stream would wait for the first.
                    try await service.withConnection { other in
                        try await other.stream { second in _ = try await second.answer(to: .requestHeaders()) }
                    }
                }
                #expect(error?.code == .resourceExhausted)
            }
            // The service notes the end of a stream after its client.
            var isServed = false
            while !isServed {
                do {
                    try await service.stream { envoy in _ = try await envoy.answer(to: .requestHeaders()) }
                    isServed = true
                } catch let error as RPCError where error.code == .resourceExhausted {}
            }
        }
    }

    @Test func `a client that goes away ends the stream that a filter holds back`() async throws {
        var guest = ProcessingGuest()
        guest.on(.requestBody, return: 1)
        try await ProcessingService.with([guest.plugin()]) { service in
            let isHeld = AsyncStream<Void>.makeStream()
            let client = Task {
                try await service.stream { envoy in
                    _ = try await envoy.answer(to: .requestHeaders())
                    envoy.send(.requestBody("x", endOfStream: true))
                    // The response does not wait for the request.
                    let response = try await envoy.answer(to: .responseHeaders())
                    #expect(response.responseHeaders.hasResponse)
                    isHeld.continuation.finish()
                    _ = try await envoy.receive()
                }
            }
            for await _ in isHeld.stream {}
            client.cancel()
            _ = await client.result
            let report = try #require(await service.reports.first { _ in true })
            #expect(report.status == 200)
            #expect(report.filters.filters.first?.failure == nil)
        }
    }

    @Test func `a stream goes through the chain that it names`() async throws {
        var (first, second) = (ProcessingGuest(), ProcessingGuest())
        first.on(.requestHeaders, first.add(0, "x-first", "1"))
        second.on(.requestHeaders, second.add(0, "x-second", "1"))
        let chains = ["both": ["second", "first"], "other": ["second"]]
        try await ProcessingService.with(
            [first.plugin("first"), second.plugin("second")],
            {
                $0.filters = ["first"]
                $0.chains = chains
            }
        ) { service in
            for (chain, changes) in [
                (nil, ["x-first=1"]), ("both", ["x-second=1", "x-first=1"]), ("other", ["x-second=1"]),
            ] {
                try await service.stream(chain) { envoy in
                    let answer = try await envoy.answer(to: .requestHeaders(endOfStream: true))
                    #expect(answer.requestHeaders.response.headerMutation.changes == changes)
                }
            }
            let error = await #expect(throws: RPCError.self) {
                try await service.stream("third") { envoy in _ = try await envoy.answer(to: .requestHeaders()) }
            }
            #expect(error?.code == .notFound)
            #expect(error?.message == "no chain \"third\"")
        }
    }

    @Test func `a stream must name a chain where there is none for all`() async throws {
        let error = try await error(
            ProcessingGuest().plugin(),
            {
                $0.filters = []
                $0.chains = ["only": ["guest"]]
            }, of: .requestHeaders())
        #expect(error?.code == .invalidArgument)
        #expect(error?.message == "expected the metadata airlock-chain, found none")
    }

    @Test func `an Envoy that only shows its traffic gets no answers`() async throws {
        var guest = ProcessingGuest()
        guest.on(.requestHeaders, guest.add(0, "x-new", "1"))
        try await ProcessingService.with([guest.plugin()]) { service in
            try await service.stream { envoy in
                var request = EnvoyProcessingRequest.requestHeaders(endOfStream: true)
                request.observabilityMode = true
                envoy.send(request)
                envoy.close()
                let answer = try await envoy.receive()
                #expect(answer == nil)
            }
            let report = try #require(await service.reports.first { _ in true })
            #expect(report.filters.filters.first?.usage.calls ?? 0 > 0)
        }
    }
}
