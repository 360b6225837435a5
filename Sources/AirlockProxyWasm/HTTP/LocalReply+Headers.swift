extension LocalReply {
    /// The status that a response may end with: 500 for what is none, or is that of an interim response.
    static func finalStatus(_ status: UInt32) -> UInt32 {
        (200...999).contains(status) ? status : 500
    }

    /// The reply as response headers, `:status` first; a body without a type is plain text, as in Envoy.
    var responseHeaders: HeaderMap {
        var map = HeaderMap()
        map.append(name: ":status", value: String(status))
        for index in headers.fields.indices {
            let field = headers.fields[index]
            map.append(name: headers.bytes[field.name], value: headers.bytes[field.value])
        }
        if !body.isEmpty, headers["content-type"] == nil {
            map.append(name: "content-type", value: "text/plain")
        }
        map["content-length"] = String(body.count)
        return map
    }

    /// Takes over what response filters made of ``responseHeaders``; the length is that of the body.
    mutating func take(_ map: HeaderMap) {
        if let text = map[":status"], let number = UInt32(text) { status = number }
        headers = map
        headers.remove(":status")
        headers["content-length"] = String(body.count)
    }
}
