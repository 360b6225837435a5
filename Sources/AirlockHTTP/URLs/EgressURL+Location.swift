extension EgressURL {
    /// The URL that a `Location` header names, which may be relative to this one (RFC 3986, section 5.2).
    func following(_ location: String) throws(URLRefusal) -> EgressURL {
        if let colon = location.firstIndex(where: { ":/?#".contains($0) }), location[colon] == ":" {
            return try EgressURL(location)
        }
        if location.hasPrefix("//") { return try EgressURL("\(scheme):\(location)") }
        let end = target.firstIndex(of: "?") ?? target.endIndex
        switch location.first {
        case nil, "#": return self
        case "?": return try EgressURL("\(origin)\(target[..<end])\(location)")
        default: break
        }
        let stop = location.firstIndex { "?#".contains($0) } ?? location.endIndex
        let path = location[..<stop]
        let folder = target[..<end].lastIndex(of: "/").map { String(target[...$0]) } ?? "/"
        let whole = path.hasPrefix("/") ? String(path) : folder + path
        return try EgressURL("\(origin)\(Self.withoutDots(whole))\(location[stop...])")
    }

    /// The path without `.` and `..` segments.
    private static func withoutDots(_ path: String) -> String {
        var kept: [Substring] = []
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        for (index, segment) in segments.enumerated() {
            let isLast = index == segments.count - 1
            switch segment {
            case ".":
                if isLast { kept.append("") }
            case "..":
                _ = kept.popLast()
                if isLast { kept.append("") }
            default:
                kept.append(segment)
            }
        }
        return "/" + kept.joined(separator: "/")
    }
}
