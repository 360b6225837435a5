import Airlock
import AsyncHTTPClient
import NIOCore
import NIOHTTP1

#if canImport(FoundationEssentials)
import struct FoundationEssentials.URL
#else
import struct Foundation.URL
#endif

/// One request of a guest with all its redirects.
struct EgressExchange: Sendable {
    /// Addresses of one name that are tried, of both families by turns; all of an answer are checked.
    private static let mostAddresses = 4

    let egress: HTTPEgress
    let call: AsyncHostCall
    /// Bytes that the call's other responses leave for this one.
    let room: Int

    private var limits: HTTPEgressLimits { egress.limits }

    func run(_ first: EgressRequest) async throws -> KeptResponses.Response {
        var request = first
        var followed = 0
        let most = min(first.redirects, limits.redirects)
        while true {
            let addresses = try await check(request)
            var (head, body, location) = try await send(request, to: addresses)
            guard let location else {
                head.url = "\(request.url)"
                let encoded = head.encoded
                guard encoded.count + body.count <= room else { throw HTTPEgressResult.tooMuchKept }
                return KeptResponses.Response(status: head.status, head: encoded, body: body)
            }
            guard followed < most else { throw HTTPEgressResult.tooManyRedirects }
            followed += 1
            do {
                request = try request.following(
                    head.status, to: location, droppingAcrossOrigins: egress.credentialHeaders)
            } catch { throw HTTPEgressResult.notAllowed }
        }
    }

    /// Checks one hop against the rules and finds addresses for it, of which each was checked.
    private func check(_ request: EgressRequest) async throws -> [IPAddress] {
        let url = request.url
        do { try egress.rules.check(request.method, url) } catch { throw refusal(of: request, error) }
        // Before the lookup, which tells a name server something, too.
        try call.charge(request.wireBytes, to: .egressBytes)
        let addresses: [IPAddress]
        switch url.host {
        case .address(let address): addresses = [address]
        case .name(let name):
            do {
                addresses = try await egress.client.lookUp(name, for: egress.usage)
            } catch let result as HTTPEgressResult where result == .overloaded {
                throw result
            } catch {
                try Task.checkCancellation()
                throw HTTPEgressResult.nameNotResolved
            }
        }
        guard !addresses.isEmpty else { throw HTTPEgressResult.nameNotResolved }
        for address in addresses {
            guard let reason = egress.addresses.refusal(of: address) else { continue }
            // What a name leads to is a name server's choice.
            guard case .address = url.host else { throw HTTPEgressResult.notAllowed }
            let text = "\(request.method) \(url.origin) is not allowed: the host's address \(reason)"
            throw refusal(of: request, HostError(.denied, text))
        }
        return Self.tried(of: addresses)
    }

    /// The addresses that are tried, in their order.
    static func tried(of addresses: [IPAddress]) -> [IPAddress] {
        Array(byTurns(addresses).prefix(mostAddresses))
    }

    /// The addresses of each family in their order, by turns, beginning with the family of the first one.
    private static func byTurns(_ addresses: [IPAddress]) -> [IPAddress] {
        let one = addresses.filter { $0.isIPv4 == addresses[0].isIPv4 }
        let two = addresses.filter { $0.isIPv4 != addresses[0].isIPv4 }
        return (0..<max(one.count, two.count)).flatMap { one.dropFirst($0).prefix(1) + two.dropFirst($0).prefix(1) }
    }

    /// Ends the call where the guest asked for what is not allowed. A server that redirects there must not be able to.
    private func refusal(of request: EgressRequest, _ error: HostError) -> any Error {
        request.isRedirected ? HTTPEgressResult.notAllowed : error
    }

    /// Sends one hop to the first address that can be reached.
    private func send(_ request: EgressRequest, to addresses: [IPAddress]) async throws -> Received {
        // The client finds the pinned address by the host as it reads it, which must be the host that was checked.
        let host = if case .name(let name) = request.url.host { name } else { nil as String? }
        guard let read = URL(string: "\(request.url)"), host == nil || read.host == host else {
            let text = "the URL '\(request.url.origin)' is refused: the HTTP client reads another host"
            throw refusal(of: request, HostError(.denied, text))
        }
        var remaining = addresses[...]
        while let address = remaining.popFirst() {
            do {
                let key = PinnedClient.Key(grant: egress.usage, host: request.url.host, address: address)
                return try await egress.client.withClient(for: key) { client in
                    do {
                        let response = try await client.http.execute(message(request), deadline: .distantFuture)
                        return try await receive(response, to: request, client.received)
                    } catch {
                        try charge(client.received)
                        throw error
                    }
                }
            } catch  where !remaining.isEmpty && isBeforeConnection(error) {
                continue
            }
        }
        throw HTTPEgressResult.connectionFailed
    }

    private func message(_ request: EgressRequest) -> HTTPClientRequest {
        var message = HTTPClientRequest(url: "\(request.url)")
        message.method = HTTPMethod(rawValue: request.method)
        for header in request.headers { message.headers.add(name: header.name, value: header.value) }
        if !request.body.isEmpty { message.body = .bytes(ByteBuffer(bytes: request.body)) }
        return message
    }

    /// A response, with the location that it redirects to where that is to be followed.
    private typealias Received = (head: ResponseHead, body: [UInt8], location: String?)

    /// Reads a response piece by piece, and leaves off where it passes what is granted: a body that is not read to its end closes the
    /// connection.
    private func receive(
        _ response: HTTPClientResponse, to request: EgressRequest, _ bytes: ReceivedBytes
    ) async throws -> Received {
        let status = UInt32(response.status.code)
        let head = ResponseHead(status: status, url: "", headers: response.headers.map { ($0.name, $0.value) })
        try charge(bytes)
        guard head.wireBytes <= limits.headerBytes, head.headers.count <= limits.headerFields else {
            throw HTTPEgressResult.responseTooLarge
        }
        if request.redirects > 0, EgressRequest.isRedirect(status), let location = response.headers["location"].first {
            return (head, [], location)
        }
        if request.method != "HEAD", status != 304,
            let claimed = response.headers["content-length"].first.flatMap({ Int($0) })
        {
            try checkBody(claimed)
        }
        var body: [UInt8] = []
        for try await part in response.body {
            try charge(bytes)
            try checkBody(body.count + part.readableBytes)
            body += part.readableBytesView
        }
        try charge(bytes)
        return (head, body, nil)
    }

    /// Charges what has come since the last time.
    private func charge(_ bytes: ReceivedBytes) throws(HostError) {
        let count = bytes.take()
        if count > 0 { try call.charge(count, to: .egressBytes) }
    }

    private func checkBody(_ count: Int) throws(HTTPEgressResult) {
        guard count <= limits.responseBytes else { throw HTTPEgressResult.responseTooLarge }
        guard count <= room else { throw HTTPEgressResult.tooMuchKept }
    }
}
