import Airlock
import AsyncHTTPClient
import NIOCore
import NIOHTTP1

#if canImport(FoundationEssentials)
import struct FoundationEssentials.URL
#else
import struct Foundation.URL
#endif

/// Fetches files that an operator named, within bounds.
struct RemoteDownload: Sendable {
    enum Answer: Sendable {
        case file([UInt8], EntityTag?)
        /// It is what the tag stands for.
        case unchanged
    }

    private enum Reply: Sendable {
        case answer(Answer)
        case elsewhere(String)
    }

    let client: HTTPEgressClient
    let redirects: Int
    /// Whether `http` may be used beyond loopback addresses.
    let allowsPlainText: Bool
    private let usage: GrantUsage

    init(client: HTTPEgressClient, redirects: Int, allowsPlainText: Bool) {
        self.client = client
        self.redirects = redirects
        self.allowsPlainText = allowsPlainText
        var limits = HTTPEgressLimits()
        limits.concurrentRequests = 4
        usage = GrantUsage(limits, lookups: min(limits.concurrentRequests, client.resolver.mostPerGrant))
    }

    /// Fetches a file whatever its state is.
    func get(_ url: EgressURL, most: Int) async throws -> [UInt8] {
        guard case .file(let bytes, _) = try await get(url, most: most, unless: nil) else { return [] }
        return bytes
    }

    /// Fetches a file of at most so many bytes, unless it is what the tag stands for.
    func get(_ first: EgressURL, most: Int, unless known: EntityTag?) async throws -> Answer {
        var url = first
        var followed = 0
        while true {
            let location: String
            do {
                switch try await ask(url, most: most, unless: known?.url == url ? known : nil) {
                case .answer(let answer): return answer
                case .elsewhere(let place): location = place
                }
            } catch let error as RemoteModuleError {
                throw error
            } catch {
                throw Task.isCancelled
                    ? RemoteModuleError(.cancelled, url, "is not fetched any more, since the task was cancelled")
                    : RemoteModuleError(HTTPEgressResult(error), url)
            }
            guard followed < redirects else {
                throw RemoteModuleError(.redirect, first, "redirects more than \(redirects) times")
            }
            followed += 1
            url = try url.redirected(to: location)
        }
    }

    private func ask(_ url: EgressURL, most: Int, unless known: EntityTag?) async throws -> Reply {
        // The client finds the pinned address by the host as it reads it.
        if case .name(let name) = url.host, URL(string: "\(url)")?.host != name {
            throw RemoteModuleError(.configuration, url, "is not taken: the HTTP client reads another host")
        }
        var request = HTTPClientRequest(url: "\(url)")
        request.headers.add(name: "Accept-Encoding", value: "identity")
        request.headers.add(name: "User-Agent", value: "airlock")
        if let known { request.headers.add(name: "If-None-Match", value: known.text) }
        var remaining = try await addresses(of: url)[...]
        while let address = remaining.popFirst() {
            do {
                let key = PinnedClient.Key(grant: usage, host: url.host, address: address)
                return try await client.withClient(for: key) { client in
                    let response = try await client.http.execute(request, deadline: .distantFuture)
                    return try await receive(response, from: url, most: most, isConditional: known != nil)
                }
            } catch  where !remaining.isEmpty && isBeforeConnection(error) {
                continue
            }
        }
        throw HTTPEgressResult.connectionFailed
    }

    private func addresses(of url: EgressURL) async throws -> [IPAddress] {
        let addresses: [IPAddress]
        switch url.host {
        case .address(let address): addresses = [address]
        case .name(let name):
            do {
                addresses = try await client.lookUp(name, for: usage)
            } catch let result as HTTPEgressResult {
                throw result
            } catch {
                throw HTTPEgressResult.nameNotResolved
            }
        }
        if url.scheme == .http, !allowsPlainText, let address = addresses.first(where: { !$0.isLoopback }) {
            throw RemoteModuleError(
                .plainText, url,
                "is at \(address): expected https, a loopback address, or a pinned digest, for anybody on the way could decide what runs"
            )
        }
        guard !addresses.isEmpty else { throw HTTPEgressResult.nameNotResolved }
        return EgressExchange.tried(of: addresses)
    }

    private func receive(
        _ response: HTTPClientResponse, from url: EgressURL, most: Int, isConditional: Bool
    ) async throws -> Reply {
        let status = response.status.code
        switch status {
        case 200:
            let bytes = try await bytes(of: response, from: url, most: most)
            return .answer(.file(bytes, EntityTag(response.headers["etag"].first, of: url)))
        case 304 where isConditional:
            // To its end, so that the connection can be used again.
            _ = try await bytes(of: response, from: url, most: 0)
            return .answer(.unchanged)
        default:
            if EgressRequest.isRedirect(UInt32(status)), let location = response.headers["location"].first {
                return .elsewhere(location)
            }
            var error = RemoteModuleError(.status, url, "answered with the status \(status), expected 200")
            error.status = Int(status)
            error.retryAfter = RetryAfter.wait(
                response.headers["retry-after"].first, sentAt: response.headers["date"].first)
            throw error
        }
    }

    /// Reads a body piece by piece. One that is not read to its end closes the connection.
    private func bytes(of response: HTTPClientResponse, from url: EgressURL, most: Int) async throws -> [UInt8] {
        if response.status != .notModified, let claimed = response.headers["content-length"].first.flatMap({ Int($0) })
        {
            try check(claimed, most, url)
        }
        var bytes: [UInt8] = []
        for try await part in response.body {
            try check(bytes.count + part.readableBytes, most, url)
            bytes += part.readableBytesView
        }
        return bytes
    }

    private func check(_ count: Int, _ most: Int, _ url: EgressURL) throws(RemoteModuleError) {
        guard count <= most else {
            throw RemoteModuleError(.tooLarge, url, "has \(count) bytes or more, expected at most \(most)")
        }
    }
}

extension EgressURL {
    fileprivate func redirected(to location: String) throws(RemoteModuleError) -> EgressURL {
        let next: EgressURL
        do { next = try following(location) } catch {
            throw RemoteModuleError(.redirect, self, "redirects to what is no URL: its \(error.part) \(error.reason)")
        }
        guard scheme == .http || next.scheme == .https else {
            throw RemoteModuleError(.redirect, self, "redirects to '\(next.withoutQuery)', expected https")
        }
        return next
    }
}

extension IPAddress {
    fileprivate var isLoopback: Bool { isIPv4 ? bits >> 24 == 127 : bits == 1 }
}
