import Airlock

extension EgressRequest {
    /// Whether the status sends the client elsewhere.
    static func isRedirect(_ status: UInt32) -> Bool { [301, 302, 303, 307, 308].contains(status) }

    /// The request of the next hop. As browsers do it, 303 asks with GET (but HEAD stays HEAD), and so do 301 and 302 after POST.
    /// - Parameter credentials: the headers, in lower case, that another origin does not get.
    func following(_ status: UInt32, to location: String, droppingAcrossOrigins credentials: Set<String>)
        throws(URLRefusal) -> Self
    {
        var next = self
        next.url = try url.following(location)
        next.isRedirected = true
        if (status == 303 && method != "HEAD") || ((status == 301 || status == 302) && method == "POST") {
            next.method = "GET"
            next.body = []
            next.headers.removeAll { RequestHeaders.ofBody.contains($0.name.lowercased()) }
        }
        if !next.url.hasOrigin(of: url) {
            next.headers.removeAll { credentials.contains($0.name.lowercased()) }
        }
        return next
    }
}
