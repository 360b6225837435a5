import Airlock
import Foundation
import Gateway
import Testing

@Suite(.timeLimit(.minutes(2))) struct `Event feed` {
    private struct Event: Decodable {
        struct Failure: Decodable {
            let code: String
        }

        let plugin: String
        let version: Int
        let kind: String
        let step: String?
        let milliseconds: Double?
        let error: Failure?
    }

    /// The events up to and including the first of a kind.
    private func events(_ connection: RawConnection, upTo kind: String) async throws -> [Event] {
        var events: [Event] = []
        while events.last?.kind != kind {
            _ = try await connection.text(upTo: "event: ")
            let name = try await connection.text(upTo: "\n").dropLast()
            _ = try await connection.text(upTo: "data: ")
            let event = try JSONDecoder().decode(Event.self, from: Data(try await connection.text(upTo: "\n\n").utf8))
            #expect(event.kind == name)
            events.append(event)
        }
        return events
    }

    private func begin(_ connection: RawConnection) async throws {
        try await connection.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let head = try await connection.head().lowercased()
        #expect(head.hasPrefix("http/1.1 200 ok\r\n"))
        #expect(head.contains("content-type: text/event-stream\r\n"))
        _ = try await connection.text(upTo: ": events from now on\n\n")
    }

    @Test func `the steps of a reload are events`() async throws {
        try await FilterOfAFile.with { filter in
            try await RawConnection.with(try #require(filter.gateway.admin)) { connection in
                try await begin(connection)
                try await filter.write("add-header-v2")
                try await filter.change("reload")
                let events = try await events(connection, upTo: "reloaded")
                #expect(events.allSatisfy { $0.plugin == "filter" && $0.version == 2 && $0.error == nil })
                let steps = events.compactMap(\.step)
                #expect(steps.first == "read")
                #expect(steps.suffix(3) == ["link", "start", "cutOver"])
                #expect(events.filter { $0.kind == "step" }.allSatisfy { $0.milliseconds != nil })
            }
        }
    }

    @Test func `a refused reload is an event with its error`() async throws {
        try await FilterOfAFile.with { filter in
            try await RawConnection.with(try #require(filter.gateway.admin)) { connection in
                try await begin(connection)
                try filter.write(text: "not WebAssembly")
                _ = try await filter.refusal("reload")
                let event = try #require(try await events(connection, upTo: "reloadFailed").last)
                #expect(event.version == 1)
                #expect(event.error?.code == "invalidModule")
            }
        }
    }

    @Test func `shutting down ends the feed and does not wait for it`() async throws {
        try await FilterOfAFile.with(drain: .seconds(3600)) { filter in
            try await RawConnection.with(try #require(filter.gateway.admin)) { connection in
                try await begin(connection)
                await filter.gateway.drain()
                #expect(try await connection.rest().hasSuffix("0\r\n\r\n"))
            }
        }
    }

    @Test func `shutting down does not wait for a client that does not read`() async throws {
        let address = AsyncStream<ListenAddress>.makeStream()
        let began = AsyncStream<Void>.makeStream()
        let ended = AsyncStream<Void>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await admin in address.stream {
                    try await RawConnection.with(admin) { connection in
                        try await begin(connection)
                        began.continuation.finish()
                        for await _ in ended.stream {}
                    }
                }
            }
            // Each event has the name, so that these are more than the system keeps for a connection (4 and 6 MiB).
            let name = String(repeating: "n", count: 40_000)
            try await FilterOfAFile.with(drain: .seconds(3600), name: name) { filter in
                address.continuation.yield(try #require(filter.gateway.admin))
                address.continuation.finish()
                for await _ in began.stream {}
                try filter.write(text: "not WebAssembly")
                for _ in 1...150 { #expect(try await filter.refusal("reload").status == 422) }
            }
            ended.continuation.finish()
            try await group.waitForAll()
        }
    }

    @Test func `there is a place for sixteen clients, free again when one has gone`() async throws {
        try await FilterOfAFile.with { filter in
            let admin = try #require(filter.gateway.admin)
            try await withThrowingTaskGroup(of: Void.self) { group in
                let began = AsyncStream<Void>.makeStream()
                let goOn = AsyncStream<Void>.makeStream()
                for _ in 1...16 {
                    group.addTask {
                        try await RawConnection.with(admin) { connection in
                            try await begin(connection)
                            began.continuation.yield()
                            for await _ in goOn.stream {}
                        }
                    }
                }
                var arrivals = began.stream.makeAsyncIterator()
                for _ in 1...16 { await arrivals.next() }
                for _ in 1...20 {
                    let refused = try await filter.gateway.sendToAdmin("/events")
                    #expect(refused.status == 503)
                    #expect(try ErrorAnswer(refused.body).error.code == "overloaded")
                }
                goOn.continuation.finish()
                try await group.waitForAll()
            }
            // The server sees by its next events that they have gone.
            var status = "503"
            while status != "200" {
                #expect(status == "503")
                try await filter.change("reload")
                status = try await RawConnection.with(admin) { connection in
                    try await connection.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    return String(try await connection.head().split(separator: " ")[1])
                }
            }
        }
    }
}
