@testable import AirlockProxyWasm

/// Header maps as a guest passes them, and what is done with them.
struct HeaderTarget: FuzzTarget {
    func seeds() throws -> [[UInt8]] {
        let map: HeaderMap = [":path": "/a", "x": "1", "X": "", "cookie": "a=b", "x": "2"]
        var seeds = [[0], bytes(of: map), bytes(of: HeaderMap()), bytes(of: ["": ""])]
        for cut in [1, 5, 20] { seeds.append(seeds[1].dropLast(cut)) }
        return seeds
    }

    func run(_ input: [UInt8]) {
        // A UInt8 has no padding, so every byte of the view is initialised. So it is below.
        let pairs = unsafe HeaderMapBytes.read(input.span.bytes)
        guard pairs.count <= HeaderMapBytes.maximumPairs else { violated("\(pairs.count) pairs") }
        var map = HeaderMap()
        for pair in pairs { map.append(name: pair.name, value: pair.value) }
        var model = pairs.map { HeaderMapBytes.Pair(name: lowercased($0.name), value: $0.value) }
        check(map, model, "appended")

        if !model.isEmpty {
            // What was read is what would be written, but for letters.
            guard bytes(of: map).count == input.count else {
                violated("\(input.count) bytes are written as \(bytes(of: map).count)")
            }
        }
        // Each value is replaced by its own name, then every second name removed.
        for pair in pairs {
            map.replace(name: pair.value, value: pair.name)
            replace(&model, lowercased(pair.value), pair.name)
        }
        check(map, model, "replaced")
        for (index, pair) in pairs.enumerated() where index % 2 == 0 {
            map.remove(name: pair.name)
            model.removeAll { $0.name == lowercased(pair.name) }
        }
        check(map, model, "removed")
    }

    private func check(_ map: HeaderMap, _ model: [HeaderMapBytes.Pair], _ step: String) {
        let found = map.fields.map {
            HeaderMapBytes.Pair(name: Array(map.bytes[$0.name]), value: Array(map.bytes[$0.value]))
        }
        guard found == model else { violated("the fields after they were \(step)") }
        guard map.byteCount == model.reduce(0, { $0 + $1.name.count + $1.value.count }) else {
            violated("the number of bytes after they were \(step)")
        }
        for pair in model {
            guard map.firstValue(of: pair.name).map(Array.init) == model.first(where: { $0.name == pair.name })?.value
            else {
                violated("the first value of a name after they were \(step)")
            }
        }
        let written = bytes(of: map)
        guard written.count <= HeaderMapBytes.maximumBytes, model.count <= HeaderMapBytes.maximumPairs else { return }
        guard unsafe HeaderMapBytes.read(written.span.bytes) == model else {
            violated("reading what was written, \(step)")
        }
    }

    private func replace(_ model: inout [HeaderMapBytes.Pair], _ name: [UInt8], _ value: [UInt8]) {
        let pair = HeaderMapBytes.Pair(name: name, value: value)
        guard let index = model.firstIndex(where: { $0.name == name }) else { return model.append(pair) }
        let others = model[(index + 1)...].filter { $0.name != name }
        model.replaceSubrange(index..., with: [pair] + others)
    }

    private func lowercased(_ name: [UInt8]) -> [UInt8] {
        name.map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }
    }

    private func bytes(of map: HeaderMap) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: HeaderMapBytes.count(of: map))
        var span = bytes.mutableSpan
        var raw = unsafe span.mutableBytes
        HeaderMapBytes.write(map, to: &raw)
        return bytes
    }
}
