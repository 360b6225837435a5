import AirlockProxyWasm
import ExternalProcessingMessages
import Foundation
import Gateway
import SwiftProtobuf
import Testing

@Suite struct `Headers in external processing` {
    @Test func `fields that filters set, repeat and remove come back as the difference`() async throws {
        var guest = ProcessingGuest()
        guest.on(
            .requestHeaders, guest.add(0, "x-new", "1"), guest.add(0, "x-new", "2"), guest.add(0, "x-more", "b"),
            guest.replace(0, "x-old", "changed"), guest.remove(0, "x-gone"))
        try await ProcessingService.with([guest.plugin()]) { service in
            try await service.stream { envoy in
                let fields = [("x-more", "a"), ("x-old", "1"), ("x-old", "2"), ("x-gone", "1"), ("x-kept", "1")]
                let answer = try await envoy.answer(to: .requestHeaders(fields, endOfStream: true))
                let common = answer.requestHeaders.response
                #expect(common.status == .continue)
                #expect(!common.clearRouteCache_p)
                #expect(
                    common.headerMutation.changes == [
                        "-x-gone", "x-more=a", "+x-more=b", "x-old=changed", "x-new=1", "+x-new=2",
                    ])
            }
        }
    }

    @Test func `what filters leave as it is is not mentioned`() async throws {
        try await ProcessingService.with([ProcessingGuest().plugin()]) { service in
            try await service.stream { envoy in
                let request = try await envoy.answer(to: .requestHeaders([("content-length", "5")]))
                #expect(!request.requestHeaders.response.hasHeaderMutation)
                let response = try await envoy.answer(to: .responseHeaders(404, [("content-length", "5")]))
                #expect(!response.responseHeaders.response.hasHeaderMutation)
            }
        }
    }

    @Test func `responses pass the filters in the reverse order`() async throws {
        var (first, second) = (ProcessingGuest(), ProcessingGuest())
        first.on(.requestHeaders, first.add(0, "x-order", "first"))
        first.on(.responseHeaders, first.add(2, "x-order", "first"), first.replace(2, ":status", "418"))
        second.on(.requestHeaders, second.add(0, "x-order", "second"))
        second.on(.responseHeaders, second.add(2, "x-order", "second"))
        try await ProcessingService.with([first.plugin("first"), second.plugin("second")]) { service in
            try await service.stream { envoy in
                let request = try await envoy.answer(to: .requestHeaders(endOfStream: true))
                #expect(
                    request.requestHeaders.response.headerMutation.changes == ["x-order=first", "+x-order=second"])
                let response = try await envoy.answer(to: .responseHeaders(endOfStream: true))
                #expect(
                    response.responseHeaders.response.headerMutation.changes == [
                        ":status=418", "x-order=second", "+x-order=first",
                    ])
            }
            let report = try #require(await service.reports.first { _ in true })
            #expect(report.status == 418)
            #expect(report.filters.filters.map(\.name) == ["first", "second"])
        }
    }

    @Test func `a filter's answer is an immediate response that passed the response filters`() async throws {
        var guest = ProcessingGuest()
        guest.on(.requestHeaders, return: 1, guest.reply(403, "no entry"))
        guest.on(.responseHeaders, guest.add(2, "x-seen", "1"))
        try await ProcessingService.with([guest.plugin()]) { service in
            try await service.stream { envoy in
                let answer = try await envoy.answer(to: .requestHeaders(endOfStream: true)).immediateResponse
                #expect(answer.status.code == 403)
                #expect(answer.body == Data("no entry".utf8))
                #expect(answer.headers.changes.sorted() == ["content-type=text/plain", "x-reply=1", "x-seen=1"])
                #expect(!answer.hasGrpcStatus)
                let next = try await envoy.receive()
                #expect(next == nil)
            }
        }
    }

    @Test func `a path that no server takes is refused`() async throws {
        var guest = ProcessingGuest()
        guest.on(.requestHeaders, guest.replace(0, ":path", "elsewhere"))
        try await ProcessingService.with([guest.plugin()]) { service in
            try await service.stream { envoy in
                let answer = try await envoy.answer(to: .requestHeaders(endOfStream: true))
                #expect(answer.immediateResponse.status.code == 502)
            }
        }
    }

    @Test func `a request with too many fields is refused`() async throws {
        try await ProcessingService.with([ProcessingGuest().plugin()]) { service in
            try await service.stream { envoy in
                let fields = (0..<100).map { ("x-\($0)", "") }
                let answer = try await envoy.answer(to: .requestHeaders(fields, endOfStream: true))
                #expect(answer.immediateResponse.status.code == 431)
            }
        }
    }

    @Test func `filters read what Envoy tells of the connection and the route`() async throws {
        var guest = ProcessingGuest()
        guest.on(
            .requestHeaders, guest.add(0, "x-source", property: ["source", "address"]),
            guest.add(0, "x-route", property: ["xds", "route_name"]),
            guest.add(0, "x-old-route", property: ["route_name"]),
            guest.add(0, "x-tier", property: ["metadata", "filter_metadata", "my.filter", "tier"]),
            guest.add(0, "x-path", property: ["request", "path"]))
        try await ProcessingService.with([guest.plugin()]) { service in
            try await service.stream { envoy in
                var request = EnvoyProcessingRequest.requestHeaders(endOfStream: true)
                request.attributes["envoy.filters.http.ext_proc"] = [
                    "source.address": "10.0.0.7:1234", "xds.route_name": "shop", "request.path": "/another",
                ]
                request.metadataContext.filterMetadata["my.filter"] = ["tier": "gold"]
                let changes = try await envoy.answer(to: request).requestHeaders.response.headerMutation.changes
                #expect(
                    changes == [
                        "x-source=10.0.0.7:1234", "x-route=shop", "x-old-route=shop", "x-tier=gold", "x-path=/",
                    ])
            }
        }
    }

    @Test func `filters read what Envoy tells of the upstream`() async throws {
        var guest = ProcessingGuest()
        guest.on(
            .responseHeaders, guest.add(2, "x-upstream", property: ["upstream", "address"]),
            guest.add(2, "x-local", property: ["upstream", "local_address"]))
        try await ProcessingService.with([guest.plugin()]) { service in
            try await service.stream { envoy in
                _ = try await envoy.answer(to: .requestHeaders(endOfStream: true))
                var response = EnvoyProcessingRequest.responseHeaders(endOfStream: true)
                response.attributes["envoy.filters.http.ext_proc"] = [
                    "upstream.address": "10.0.0.9:80", "upstream.local_address": "10.0.0.1:4000",
                ]
                let changes = try await envoy.answer(to: response).responseHeaders.response.headerMutation.changes
                #expect(changes == ["x-upstream=10.0.0.9:80", "x-local=10.0.0.1:4000"])
            }
        }
    }
}
