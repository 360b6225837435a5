import AirlockProxyWasm
import ExternalProcessingMessages
import Foundation
import Gateway
import Testing

/// The body mode FULL_DUPLEX_STREAMED: any number of answers to any number of parts.
@Suite struct `Duplex bodies in external processing` {
    private static let duplex = EnvoyProcessingRequest.Mode.fullDuplexStreamed

    /// Holds parts back until the last one, and puts `>` before the whole.
    private var holding: ProcessingGuest {
        var guest = ProcessingGuest()
        guest.on(
            .requestBody,
            """
            (if (i32.eqz (local.get 2)) (then (return (i32.const 1))))
            """, guest.prepend(0, ">"))
        return guest
    }

    @Test func `parts that a filter holds back get no answer until it lets go of them`() async throws {
        try await ProcessingService.with([holding.plugin()]) { service in
            try await service.stream { envoy in
                let headers = try await envoy.answer(
                    to: .requestHeaders([("content-length", "6")], modes: (Self.duplex, .none)))
                #expect(headers.requestHeaders.response.headerMutation.changes == ["-content-length"])
                #expect(!headers.hasModeOverride)
                envoy.send(.requestBody("abc", endOfStream: false))
                let body = try await envoy.answer(to: .requestBody("def", endOfStream: true))
                let piece = body.requestBody.response.bodyMutation.streamedResponse
                #expect(piece.body == Data(">abcdef".utf8))
                #expect(piece.endOfStream)
            }
        }
    }

    @Test func `a body that no filter looks at comes back part by part, with its end`() async throws {
        try await ProcessingService.with([ProcessingGuest().plugin()]) { service in
            try await service.stream { envoy in
                _ = try await envoy.answer(to: .requestHeaders(modes: (Self.duplex, .none)))
                for (part, isLast) in [("abc", false), ("", true)] {
                    let body = try await envoy.answer(to: .requestBody(part, endOfStream: isLast))
                    let piece = body.requestBody.response.bodyMutation.streamedResponse
                    #expect(piece.body == Data(part.utf8))
                    #expect(piece.endOfStream == isLast)
                }
            }
        }
    }

    @Test func `what is large is answered in pieces`() async throws {
        try await ProcessingService.with([ProcessingGuest().plugin()]) { service in
            try await service.stream { envoy in
                _ = try await envoy.answer(to: .requestHeaders(modes: (Self.duplex, .none)))
                let large = String(repeating: "x", count: 100_000)
                envoy.send(.requestBody(large, endOfStream: true))
                var sizes: [Int] = []
                var isLast = false
                while !isLast, let answer = try await envoy.receive() {
                    sizes.append(answer.requestBody.response.bodyMutation.streamedResponse.body.count)
                    isLast = answer.requestBody.response.bodyMutation.streamedResponse.endOfStream
                }
                #expect(sizes == [65536, 100_000 - 65536])
            }
        }
    }

    @Test func `what a filter holds back until the trailers goes before them`() async throws {
        var guest = ProcessingGuest()
        guest.on(.responseBody, return: 1)
        guest.on(.responseTrailers, guest.add(3, "x-trailer", "1"))
        try await ProcessingService.with([guest.plugin()]) { service in
            try await service.stream { envoy in
                _ = try await envoy.answer(to: .requestHeaders(endOfStream: true, modes: (.none, Self.duplex)))
                _ = try await envoy.answer(to: .responseHeaders())
                envoy.send(.responseBody("abc", endOfStream: false))
                let body = try await envoy.answer(to: .responseTrailers([("grpc-status", "0")]))
                let piece = body.responseBody.response.bodyMutation.streamedResponse
                #expect(piece.body == Data("abc".utf8))
                #expect(!piece.endOfStream)
                let trailers = try await envoy.receive()
                #expect(trailers?.responseTrailers.headerMutation.changes == ["x-trailer=1"])
            }
        }
    }

    @Test func `a filter can see a body before it lets go of the headers`() async throws {
        var guest = ProcessingGuest()
        guest.on(.requestHeaders, return: 1)
        guest.on(
            .requestBody,
            """
            (if (i32.eqz (local.get 2)) (then (return (i32.const 1))))
            """, guest.add(0, "x-seen", "1"), guest.prepend(0, ">"))
        try await ProcessingService.with([guest.plugin(seesBodyFirst: true)]) { service in
            try await service.stream { envoy in
                envoy.send(.requestHeaders(modes: (Self.duplex, .none)))
                envoy.send(.requestBody("abc", endOfStream: false))
                let headers = try await envoy.answer(to: .requestBody("def", endOfStream: true))
                #expect(headers.requestHeaders.response.headerMutation.changes == ["x-seen=1"])
                let body = try #require(try await envoy.receive())
                let piece = body.requestBody.response.bodyMutation.streamedResponse
                #expect(piece.body == Data(">abcdef".utf8))
                #expect(piece.endOfStream)
            }
        }
    }
}
