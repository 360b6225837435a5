import WorkerLoop

extension ModuleCompiler {
    /// Waits while a file is being written, for ten seconds at the most, or until its module is of no interest any more.
    nonisolated func waitForWriters(of source: PluginSource, while isWanted: () -> Bool) async {
        for _ in 0..<1_000 {
            // Of a folder of versions, another one may be the greatest by now.
            guard isWanted(), await isBeingWritten(source) else { return }
            guard (try? await Task.sleep(for: .milliseconds(10))) != nil else { return }
        }
    }

    /// Whether what is in a file may not be all of it, because somebody writes it. Where the system does not tell, so if it was written
    /// just now.
    private func isBeingWritten(_ source: PluginSource) -> Bool {
        guard case .file(let path)? = (try? source.resolved())?.origin, let file = try? OpenFile(path, .read),
            let facts = try? file.facts()
        else { return false }
        if let isWritten = file.isOpenForWriting { return isWritten }
        return (0..<50_000_000).contains(Int64(clamping: WallClock.nanoseconds) &- facts.modified)
    }
}
