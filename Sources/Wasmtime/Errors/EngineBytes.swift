import CWasmtime

// The engine says how many bytes are at `data`. They are copied, and freed once by who takes them.

/// The bytes as text, without the zero that the engine puts behind some messages.
func string(_ bytes: wasm_byte_vec_t) -> String {
    guard let start = unsafe bytes.data, unsafe bytes.size > 0 else {
        return ""
    }
    let buffer = unsafe UnsafeRawBufferPointer(start: start, count: bytes.size)
    let text = unsafe buffer.last == 0 ? UnsafeRawBufferPointer(rebasing: buffer.dropLast()) : buffer
    return unsafe String(decoding: text, as: UTF8.self)
}

/// The bytes as text; the vector is freed.
func takeString(_ bytes: inout wasm_byte_vec_t) -> String {
    defer { unsafe wasm_byte_vec_delete(&bytes) }
    return unsafe string(bytes)
}

/// The bytes; the vector is freed.
func takeBytes(_ bytes: inout wasm_byte_vec_t) -> [UInt8] {
    defer { unsafe wasm_byte_vec_delete(&bytes) }
    return unsafe [UInt8](UnsafeRawBufferPointer(start: bytes.data, count: bytes.size))
}
