import Airlock
import AirlockHTTP
import Hummingbird

/// Why an operator's request was refused; the answer is `{"error": {"code", "message", "plugin", "version"}}`.
struct AdminError: HTTPResponseError {
    /// How errors are written.
    struct Report: Encodable {
        let code: String
        let message: String
        var plugin: String?
        var version: Int?

        init(code: String, message: String) {
            self.code = code
            self.message = message
        }

        init(_ error: PluginError) {
            // What a guest said may be in it.
            self.init(code: error.code.description, message: String(error.message.prefix(4096)))
            plugin = error.plugin.isEmpty ? nil : error.plugin
            version = error.version == 0 ? nil : error.version
        }
    }

    private struct Body: Encodable {
        let error: Report
    }

    let status: HTTPResponse.Status
    private let report: Report
    private let headers: HTTPFields

    init(_ status: HTTPResponse.Status, code: String, _ message: String, headers: HTTPFields = [:]) {
        self.status = status
        self.headers = headers
        report = Report(code: code, message: message)
    }

    /// - Parameters:
    ///   - makesVersion: whether a new version was to be made; otherwise the request was about what there is.
    ///   - namesVersion: whether the request said which version, or which module.
    init(_ error: PluginError, makesVersion: Bool, namesVersion: Bool) {
        report = Report(error)
        var headers: HTTPFields = [:]
        switch error.code {
        case .noSuchVersion where namesVersion:
            status = .notFound
        case .noSuchVersion,
            .configuration where !makesVersion:
            status = .conflict
        case .overloaded, .quotaExceeded, .stopped, .cancelled:
            status = .serviceUnavailable
            if let wait = error.retryAfter { headers[.retryAfter] = "\(max(1, wait.components.seconds + 1))" }
        default:
            status = .unprocessableContent
        }
        self.headers = headers
    }

    /// A module could not be fetched.
    init(_ error: RemoteModuleError, plugin: String) {
        status = error.code == .timedOut ? .gatewayTimeout : .badGateway
        var report = Report(code: "\(error.code)", message: error.message)
        report.plugin = plugin
        self.report = report
        headers = [:]
    }

    func response(from request: Request, context: some RequestContext) throws -> Response {
        try AdminJSON.response(Body(error: report), status: status, headers: headers)
    }
}
