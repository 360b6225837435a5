import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix

/// Why an upstream gave no usable response, as the answer that the client gets.
enum UpstreamFailure {
    /// 504 when the upstream was too slow, 503 when it cannot be reached, 502 for everything else.
    static func refusal(for error: any Error, upstream: String) -> Refusal {
        let name = "upstream \"\(upstream)\""
        switch error {
        case let error as HTTPClientError where [.connectTimeout, .getConnectionFromPoolTimeout].contains(error):
            return Refusal(.gatewayTimeout, "\(name) took too long to accept a connection")
        case let error as HTTPClientError where [.readTimeout, .deadlineExceeded, .writeTimeout].contains(error):
            return Refusal(.gatewayTimeout, "\(name) took too long to answer")
        case let error as HTTPClientError where error == .remoteConnectionClosed:
            return Refusal(.badGateway, "\(name) closed the connection before it answered")
        case is NIOConnectionError:
            return Refusal(.serviceUnavailable, "\(name) cannot be reached")
        case let error as IOError where error.errnoCode == ECONNREFUSED:
            return Refusal(.serviceUnavailable, "\(name) cannot be reached")
        case is HTTPParserError:
            return Refusal(.badGateway, "\(name) sent what is not HTTP/1.1")
        default:
            return Refusal(.badGateway, "\(name) failed")
        }
    }
}
