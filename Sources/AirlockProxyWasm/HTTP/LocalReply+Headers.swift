extension LocalReply {
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
