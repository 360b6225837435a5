import Airlock

/// Arguments, environment, randomness, and the guest's end.
extension WASI {
    static var processFunctions: [HostFunction<Self>] {
        [
            .wasi("args_sizes_get") { (wasi, call, count: UInt32, size: UInt32) throws(WASIFailure) in
                try call.putSizes(of: wasi.argumentTexts, count, size)
            },
            .wasi("args_get") { (wasi, call, pointers: UInt32, texts: UInt32) throws(WASIFailure) in
                try call.put(wasi.argumentTexts, pointers, texts)
            },
            .wasi("environ_sizes_get") { (wasi, call, count: UInt32, size: UInt32) throws(WASIFailure) in
                try call.putSizes(of: wasi.variableTexts, count, size)
            },
            .wasi("environ_get") { (wasi, call, pointers: UInt32, texts: UInt32) throws(WASIFailure) in
                try call.put(wasi.variableTexts, pointers, texts)
            },
            .wasi("random_get") { (wasi, call, offset: UInt32, count: UInt32) throws(WASIFailure) in
                guard let randomness = wasi.randomness else { throw .errno(.notCapable) }
                try call.checkRoom(count, at: offset)
                guard count <= randomness.bytesPerFill else { throw .errno(.invalid) }
                do throws(HostError) {
                    try randomness.fill(GuestBuffer(offset: offset, capacity: count), in: call)
                } catch {
                    throw WASIFailure(error)
                }
            },
            HostFunction("proc_exit") { (wasi, call, code: UInt32) throws(HostError) -> Void in
                do throws(WASIFailure) {
                    try wasi.table(call).flush(for: call)
                } catch {
                    _ = try error.answer()
                }
                throw .exit(code)
            },
            .wasi("proc_raise") { (_, _, _: UInt32) throws(WASIFailure) in throw .errno(.notSupported) },
            .wasiWaiting("sched_yield") { (_, _) throws(WASIFailure) in
                .waiting { () async throws(WASIFailure) in
                    await Task.yield()
                    return { (_) throws(WASIFailure) in }
                }
            },
        ]
    }

    /// The arguments as C texts. A NUL byte in one would end it, so it does.
    private var argumentTexts: [[UInt8]] {
        arguments.map { $0.utf8.prefix { $0 != 0 } + [0] }
    }

    /// The variables as C texts, `name=value`.
    private var variableTexts: [[UInt8]] {
        (environment?.variables ?? []).map { variable in
            (variable.name + [UInt8(ascii: "=")] + variable.value).prefix { $0 != 0 } + [0]
        }
    }
}

extension HostCall {
    fileprivate func putSizes(of texts: [[UInt8]], _ count: UInt32, _ size: UInt32) throws(WASIFailure) {
        try put(UInt32(clamping: texts.count), at: count)
        try put(UInt32(clamping: texts.reduce(0) { $0 + $1.count }), at: size)
    }

    /// Writes the texts one after the other, and a pointer to each.
    fileprivate func put(_ texts: [[UInt8]], _ pointers: UInt32, _ start: UInt32) throws(WASIFailure) {
        let size = UInt32(clamping: texts.reduce(0) { $0 + $1.count })
        try checkRoom(UInt32(clamping: texts.count * 4), at: pointers)
        try checkRoom(size, at: start)
        var (list, text): ([UInt8], UInt32) = ([], start)
        for bytes in texts {
            list += text.littleEndianBytes
            // Wraps behind the last text where that ends with a memory of 4 GiB.
            text &+= UInt32(truncatingIfNeeded: bytes.count)
        }
        try put(list, at: pointers)
        try put(Array(texts.joined()), at: start)
    }
}
