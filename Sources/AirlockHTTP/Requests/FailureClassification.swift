import Airlock
import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

extension HTTPEgressResult {
    /// What went wrong with a request, in the terms of guests.
    init(_ error: any Error) {
        self =
            switch error {
            case let result as HTTPEgressResult: result
            case let error as HTTPClientError: Self(error)
            case HTTPParserError.headerOverflow: .responseTooLarge
            case HTTPParserError.invalidEOFState: .connectionFailed
            case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: .tlsFailed
            case is IOError, is ChannelError, is NIOConnectionError: .connectionFailed
            case is CancellationError: .timedOut
            default: .invalidResponse
            }
    }

    private init(_ error: HTTPClientError) {
        self =
            switch error {
            // A request is cancelled by its task with another error; this one comes of the client's end.
            case .connectTimeout, .remoteConnectionClosed, .alreadyShutdown, .cancelled: .connectionFailed
            case .tlsHandshakeTimeout: .tlsFailed
            case .deadlineExceeded, .readTimeout, .writeTimeout, .getConnectionFromPoolTimeout: .timedOut
            default: .invalidResponse
            }
    }
}

/// Whether no connection came about, so that nothing of the request was sent and another address can be tried.
func isBeforeConnection(_ error: any Error) -> Bool {
    switch error {
    case let error as HTTPClientError: error == .connectTimeout
    case let error as ChannelError:
        if case .connectTimeout = error { true } else { false }
    case is NIOConnectionError: true
    case let error as IOError: ConnectErrno.all.contains(error.errnoCode)
    default: false
    }
}
