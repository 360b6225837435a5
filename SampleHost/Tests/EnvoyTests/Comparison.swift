/// What is sent to Envoy and to the gateway, each with the same filters, to compare what comes of it.
struct Comparison: Sendable, CustomStringConvertible {
    /// Names its route, and its filters. Letters, digits and dashes.
    let name: String
    /// The configuration of each filter of the chain, for the guest in `Guest/scripted.c`.
    var scripts: [String]
    var request = Request()
    /// The module of its filters, whose configurations the scripts are; nil for the scripted guest.
    var module: String?
    /// Whether its filters are in one virtual machine.
    var sharesVM = false
    /// Whether requests go on without a filter that failed.
    var failsOpen = false
    /// Whether the parts that a body comes in are compared, too. Where it is on its way while something else happens they depend on the time.
    var comparesParts = false
    /// Why both do not do the same, and what; nil where they must.
    var difference: Difference?

    struct Request: Sendable {
        var method = "GET"
        /// Behind the comparison's own prefix; it also says what the upstream answers, see ``RecordingUpstream``.
        var path = "/plain"
        var headers: [(String, String)] = []
        var body: String?
        /// Whether the body is sent in chunks, without saying its length before.
        var isChunked = false
    }

    struct Difference: Sendable {
        let parts: Set<Observation.Part>
        let reason: String
    }

    var description: String { name }

    /// Whether filters hold bodies back until they are whole: each part then counts those before it.
    var holdsBodies: Bool { scripts.contains { $0.contains("_body_end ") } }

    /// The name of a filter of the chain.
    func filter(_ position: Int) -> String { "\(name).\(position)" }

    /// The identifier of a filter's virtual machine.
    func vm(_ position: Int) -> String { sharesVM ? name : filter(position) }
}

/// What came of a request.
struct Observation: Sendable {
    enum Part: String, Sendable, CaseIterable {
        case status, headers, body, upstream, callbacks
    }

    var status = ""
    var headers: [String] = []
    var body = ""
    /// What upstreams saw, in order.
    var upstream: [String] = []
    /// What the filters wrote, in order, each line after the filter's position.
    var callbacks: [String] = []

    /// The lines of a part.
    func lines(_ part: Part) -> [String] {
        switch part {
        case .status: [status]
        case .headers: headers
        case .body: [body]
        case .upstream: upstream
        case .callbacks: callbacks
        }
    }

    func differences(from other: Observation) -> Set<Part> {
        Set(Part.allCases.filter { lines($0) != other.lines($0) })
    }

    /// Both side by side, for people.
    static func report(envoy: Observation, gateway: Observation, _ parts: Set<Part>) -> String {
        Part.allCases.filter(parts.contains).map { part in
            func text(_ side: Observation) -> String { side.lines(part).joined(separator: "\n      ") }
            return "\(part.rawValue)\n  Envoy:\n      \(text(envoy))\n  gateway:\n      \(text(gateway))"
        }.joined(separator: "\n")
    }
}

extension Observation {
    /// Fields that are each server's own, or of one connection.
    private static let ownFields: Set = [
        "connection", "content-length", "date", "host", "keep-alive", "server", "transfer-encoding", "x-request-id",
        "x-forwarded-for", "x-forwarded-proto",
    ]

    /// The fields that are compared, sorted; what an intermediary adds for itself is left out.
    static func comparable(_ fields: some Sequence<(name: String, value: String)>) -> [String] {
        fields.map { (name: $0.name.lowercased(), value: $0.value) }
            .filter { !ownFields.contains($0.name) && !$0.name.hasPrefix("x-envoy-") }
            .map { "\($0.name): \($0.value)" }
            .sorted()
    }
}

extension Observation {
    /// The same with the parts of a body that come one after another as one, for each filter that they pass.
    static func joiningParts(_ callbacks: [String]) -> [String] {
        callbacks.reduce(into: []) { lines, line in
            guard let part = BodyPart(line) else { return lines.append(line) }
            let parts = lines.indices.reversed().prefix { BodyPart(lines[$0]) != nil }
            guard let index = parts.first(where: { BodyPart(lines[$0])?.event == part.event }),
                let before = BodyPart(lines[index])
            else { return lines.append(line) }
            lines[index] = "\(part.event) size=\(before.size + part.size) \(part.end)"
        }
    }

    /// A line such as `0 request_body size=5 end=0`.
    private struct BodyPart {
        let event: Substring
        let size: Int
        let end: Substring

        init?(_ line: String) {
            guard let match = line.wholeMatch(of: /(\d+ \w+_body) size=(\d+) (end=\d)/), let size = Int(match.2) else {
                return nil
            }
            (event, self.size, end) = (match.1, size, match.3)
        }
    }

    /// Without the size that a part of a body was given with.
    static func withoutSize(_ line: String) -> String {
        line.replacing(/_body size=\d+/, with: "_body size=SIZE")
    }

    /// Without the ports, which are others each time.
    static func withoutPorts(_ line: String) -> String {
        line.replacing(/127\.0\.0\.1:\d+/, with: "127.0.0.1:PORT")
    }
}
