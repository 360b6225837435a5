import Wasmtime

extension LiveInstance {
    /// A copy of bytes of the exported memory.
    func read(_ bytes: GuestBytes) throws(PluginError) -> [UInt8] {
        let memory = try memory()
        do {
            return try memory.read(at: bytes.offset, count: bytes.count)
        } catch {
            throw version.error(.badArgument, error.message)
        }
    }

    /// Writes bytes into the exported memory.
    func write(_ bytes: [UInt8], at offset: UInt32) throws(PluginError) {
        let memory = try memory()
        do {
            try memory.write(bytes, at: offset)
        } catch {
            throw version.error(.badArgument, error.message)
        }
    }

    private func memory() throws(PluginError) -> Memory {
        guard let memory = state.memory else {
            throw version.error(.missingExport, "the module exports no memory named 'memory'")
        }
        return memory
    }
}
