import AirlockProxyWasm
import Testing

@Suite("Header maps")
struct HeaderMapTests {
    @Test("Names are kept in lower case, and values byte for byte")
    func lowerCase() {
        var map = HeaderMap()
        map.append(name: "X-Mixed-Case", value: "Value With Case")
        map.append(name: "x-bytes", bytes: [0xFF, 0x00, 0x61])
        #expect(map.map(\.name) == ["x-mixed-case", "x-bytes"])
        #expect(map["X-MIXED-case"] == "Value With Case")
        #expect(map["x-bytes"] == "\u{FFFD}\0a")
    }

    @Test("Order and duplicates are kept")
    func order() {
        let map: HeaderMap = [":path": "/", "cookie": "a", "accept": "*/*", "cookie": "b"]
        #expect(map.count == 4)
        #expect(map.values(of: "cookie") == ["a", "b"])
        #expect(map["cookie"] == "a")
        #expect(map.description == ":path: /\ncookie: a\naccept: */*\ncookie: b")
    }

    @Test("Setting a value takes the first field's place and removes the others with its name")
    func replace() {
        var map: HeaderMap = ["a": "1", "b": "2", "a": "3", "c": "4"]
        map["A"] = "changed"
        #expect(map == ["a": "changed", "b": "2", "c": "4"])
        map["b"] = nil
        map.remove("c")
        map.remove("absent")
        map["d"] = "5"
        #expect(map == ["a": "changed", "d": "5"])
        #expect(map.byteCount == "achangedd5".utf8.count)
    }

    @Test("Replacing one field again and again does not change the others")
    func manyReplacements() {
        var map: HeaderMap = ["first": "1", "last": "2"]
        for round in 0..<2_000 {
            map["first"] = "value of round \(round)"
        }
        #expect(map == ["first": "value of round 1999", "last": "2"])
    }

    @Test("Removing every field leaves an empty map that can be used again")
    func emptied() {
        var map: HeaderMap = ["a": "1"]
        map.remove("a")
        #expect(map.isEmpty)
        #expect(map.byteCount == 0)
        map.append(name: "b", value: "")
        #expect(map == ["b": ""])
    }
}
