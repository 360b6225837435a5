import Gateway
import Testing

@Suite struct Admin {
    @Test func `health, readiness and metrics are served`() async throws {
        try await TestUpstream.with(TestUpstream.echo) { upstream in
            try await RunningGateway.with(try .forwarding(to: upstream)) { gateway in
                _ = try await gateway.send("GET", "/")
                _ = try await gateway.send("GET", "/../")
                #expect(try await gateway.sendToAdmin("/healthz").status == 200)
                #expect(try await gateway.sendToAdmin("/readyz").status == 200)
                let metrics = try await gateway.sendToAdmin("/metrics")
                #expect(metrics.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
                let lines = metrics.body.split(separator: "\n")
                #expect(lines.contains("# TYPE gateway_requests_total counter"))
                #expect(lines.contains("gateway_requests_total{code=\"200\"} 1"))
                #expect(lines.contains("gateway_requests_in_flight 0.0"))
                #expect(lines.contains("gateway_request_duration_seconds_count 2"))
            }
        }
    }

    @Test func `what the admin server does not know is 404`() async throws {
        try await TestUpstream.with(TestUpstream.echo) { upstream in
            try await RunningGateway.with(try .forwarding(to: upstream)) { gateway in
                let response = try await gateway.sendToAdmin("/")
                #expect(response.status == 404)
            }
        }
    }
}
