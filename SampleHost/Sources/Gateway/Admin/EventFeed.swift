import Airlock
import AsyncAlgorithms
import Hummingbird
import NIOCore
import ServiceLifecycle
import Synchronization

/// The events of a plugin host for clients of `/events`, as Server-Sent Events.
///
/// A client that does not keep up loses the oldest events beyond those that the host keeps for it (256); there are so many clients at the
/// most. Streams end when the admin server shuts down; a client that does not take what was sent until then is cut off.
final class EventFeed: Sendable {
    private enum Item: Sendable {
        case event(PluginEvent)
        case silence
        case end
    }

    /// One of the places for clients, free again when nothing refers to this.
    private final class Place: Sendable {
        private let feed: EventFeed

        init?(in feed: EventFeed) {
            self.feed = feed
            guard feed.clients.add(1, ordering: .relaxed).newValue <= EventFeed.mostClients else { return nil }
        }

        deinit { feed.clients.subtract(1, ordering: .relaxed) }
    }

    private static let mostClients = 16

    private let events: @Sendable () -> AsyncStream<PluginEvent>
    private let clients = Atomic(0)

    init(_ events: @escaping @Sendable () -> AsyncStream<PluginEvent>) {
        self.events = events
    }

    /// The events from now on, for the client of a connection.
    func response(on connection: any Channel) throws(AdminError) -> Response {
        guard let place = Place(in: self) else {
            throw AdminError(
                .serviceUnavailable, code: "overloaded", "expected at most \(Self.mostClients) clients for events")
        }
        let items = chain(events().map { Item.event($0) }, [Item.end].async)
        // Also shows that a client went away.
        let silences = AsyncTimerSequence(interval: .seconds(15), clock: .continuous).map { _ in Item.silence }
        let feed = merge(items, silences).cancelOnGracefulShutdown()
        let body = ResponseBody { [place] writer in
            defer { withExtendedLifetime(place) {} }
            try await withGracefulShutdownHandler {
                try await writer.write(ByteBuffer(string: ": events from now on\n\n"))
                send: for try await item in feed {
                    switch item {
                    case .event(let event): try await writer.write(ByteBuffer(string: EventMessage(event).text()))
                    case .silence: try await writer.write(ByteBuffer(string: ":\n\n"))
                    case .end: break send
                    }
                }
                try await writer.finish(nil)
            } onGracefulShutdown: {
                // Who does not read has the writer wait.
                connection.eventLoop.scheduleTask(in: .seconds(1)) { connection.close(promise: nil) }
            }
        }
        let headers: HTTPFields = [.contentType: "text/event-stream", .cacheControl: "no-store"]
        return Response(status: .ok, headers: headers, body: body)
    }
}
