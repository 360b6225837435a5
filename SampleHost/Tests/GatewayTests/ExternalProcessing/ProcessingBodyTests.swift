import ExternalProcessingMessages
import Gateway
import Testing

@Suite struct `Bodies in external processing` {
    private var marking: ProcessingGuest {
        var guest = ProcessingGuest()
        guest.on(.requestBody, guest.prepend(0, ">"))
        guest.on(.responseBody, guest.prepend(1, "<"))
        return guest
    }

    @Test func `bodies are asked for where a filter looks at them, and no others`() async throws {
        var guest = ProcessingGuest()
        guest.on(.responseBody)
        try await ProcessingService.with([guest.plugin()]) { service in
            try await service.stream { envoy in
                let answer = try await envoy.answer(to: .requestHeaders(modes: (.buffered, .none)))
                #expect(answer.modeOverride.requestBodyMode == .none)
                #expect(answer.modeOverride.responseBodyMode == .streamed)
                #expect(answer.modeOverride.responseTrailerMode == .send)
            }
        }
        try await ProcessingService.with([ProcessingGuest().plugin()]) { service in
            try await service.stream { envoy in
                let answer = try await envoy.answer(to: .requestHeaders(modes: (.none, .none)))
                #expect(!answer.hasModeOverride)
            }
        }
        try await ProcessingService.with([marking.plugin()]) { service in
            try await service.stream { envoy in
                let answer = try await envoy.answer(to: .requestHeaders(modes: (.buffered, .bufferedPartial)))
                #expect(answer.modeOverride.requestBodyMode == .buffered)
                #expect(answer.modeOverride.responseBodyMode == .bufferedPartial)
            }
        }
    }

    @Test func `a buffered body is changed together with its length`() async throws {
        try await ProcessingService.with([marking.plugin()]) { service in
            try await service.stream { envoy in
                let headers = try await envoy.answer(
                    to: .requestHeaders([("content-length", "5")], modes: (.buffered, .buffered)))
                #expect(!headers.requestHeaders.response.hasHeaderMutation)
                let body = try await envoy.answer(to: .requestBody("hello", endOfStream: true))
                #expect(body.requestBody.response.bodyMutation.text == ">hello")
                #expect(body.requestBody.response.headerMutation.changes == ["content-length=6"])
                _ = try await envoy.answer(to: .responseHeaders())
                let response = try await envoy.answer(to: .responseBody("hi", endOfStream: true))
                #expect(response.responseBody.response.bodyMutation.text == "<hi")
                #expect(!response.responseBody.response.hasHeaderMutation)
            }
        }
    }

    @Test func `the parts of a streamed body are changed one by one, without a length before them`() async throws {
        try await ProcessingService.with([marking.plugin()]) { service in
            try await service.stream { envoy in
                let headers = try await envoy.answer(
                    to: .requestHeaders([("content-length", "6")], modes: (.streamed, .streamed)))
                #expect(headers.requestHeaders.response.headerMutation.changes == ["-content-length"])
                for (part, isLast) in [("abc", false), ("def", true)] {
                    let body = try await envoy.answer(to: .requestBody(part, endOfStream: isLast))
                    #expect(body.requestBody.response.bodyMutation.text == ">\(part)")
                }
                let response = try await envoy.answer(to: .responseHeaders(200, [("content-length", "2")]))
                #expect(response.responseHeaders.response.headerMutation.changes == ["-content-length"])
                let last = try await envoy.answer(to: .responseBody("hi", endOfStream: true))
                #expect(last.responseBody.response.bodyMutation.text == "<hi")
            }
            let report = await service.reports.first { _ in true }
            #expect(report?.status == 200)
        }
    }

    @Test func `parts that a filter holds back go with the last one`() async throws {
        var guest = ProcessingGuest()
        guest.on(
            .requestBody,
            """
            (if (i32.eqz (local.get 2)) (then (return (i32.const 1))))
            """, guest.prepend(0, ">"))
        try await ProcessingService.with([guest.plugin()]) { service in
            try await service.stream { envoy in
                _ = try await envoy.answer(to: .requestHeaders(modes: (.streamed, .none)))
                let first = try await envoy.answer(to: .requestBody("abc", endOfStream: false))
                #expect(first.requestBody.response.bodyMutation.text == "")
                let last = try await envoy.answer(to: .requestBody("def", endOfStream: true))
                #expect(last.requestBody.response.bodyMutation.text == ">abcdef")
            }
        }
    }

    @Test func `a filter sees as much of a body as Envoy holds back as the whole`() async throws {
        var guest = ProcessingGuest()
        guest.on(
            .requestBody,
            """
            (if (i32.eqz (local.get 2)) (then (return (i32.const 1))))
            """, guest.empty(0))
        try await ProcessingService.with([guest.plugin()]) { service in
            try await service.stream { envoy in
                _ = try await envoy.answer(to: .requestHeaders(modes: (.bufferedPartial, .none)))
                let answer = try await envoy.answer(to: .requestBody("abc", endOfStream: false))
                #expect(answer.requestBody.response.bodyMutation.text == "")
            }
        }
    }

    @Test func `a filter can answer in the middle of a body`() async throws {
        var guest = ProcessingGuest()
        guest.on(.requestBody, return: 1, guest.reply(422, "refused"))
        try await ProcessingService.with([guest.plugin()]) { service in
            try await service.stream { envoy in
                _ = try await envoy.answer(to: .requestHeaders(modes: (.streamed, .none)))
                let answer = try await envoy.answer(to: .requestBody("abc", endOfStream: false))
                #expect(answer.immediateResponse.status.code == 422)
            }
        }
    }

    @Test func `trailers are changed`() async throws {
        var guest = ProcessingGuest()
        guest.on(.responseTrailers, guest.add(3, "x-trailer", "1"), guest.remove(3, "x-gone"))
        try await ProcessingService.with([guest.plugin()]) { service in
            try await service.stream { envoy in
                _ = try await envoy.answer(to: .requestHeaders(endOfStream: true))
                _ = try await envoy.answer(to: .responseHeaders())
                let answer = try await envoy.answer(to: .responseTrailers([("grpc-status", "0"), ("x-gone", "1")]))
                #expect(answer.responseTrailers.headerMutation.changes == ["-x-gone", "x-trailer=1"])
            }
        }
    }

    @Test func `a body that is held back until its trailers is not lost in silence`() async throws {
        var guest = ProcessingGuest()
        guest.on(.responseBody, return: 1)
        try await ProcessingService.with([guest.plugin()]) { service in
            try await service.stream { envoy in
                _ = try await envoy.answer(to: .requestHeaders(endOfStream: true, modes: (.none, .streamed)))
                _ = try await envoy.answer(to: .responseHeaders())
                _ = try await envoy.answer(to: .responseBody("abc", endOfStream: false))
                let answer = try await envoy.answer(to: .responseTrailers([("grpc-status", "0")]))
                #expect(answer.immediateResponse.status.code == 500)
                #expect(answer.immediateResponse.details == "body_held_until_trailers")
            }
        }
    }
}
