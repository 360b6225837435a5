import CompilerProtocol
import Foundation
import Subprocess
import WorkerLoop

#if canImport(System)
import System
#else
import SystemPackage
#endif

/// Compiles modules in processes that are killed when they take too much, and says what became of them.
struct CompilerProcess: Sendable {
    let executable: String
    let limits: CompilerLimits
    let settings: CompilerSettings

    /// The compiled form of `module`. When it returns or throws, the process has ended and was reaped.
    /// - Throws: ``PluginError`` without a plugin, or `CancellationError`.
    func compile(_ module: [UInt8]) async throws -> [UInt8] {
        let head = CompilerRequest.Head(
            processorSeconds: UInt64(limits.processorSeconds),
            addressSpaceBytes: UInt64(limits.memory),
            outputBytes: UInt64(limits.outputBytes),
            settings: settings,
            moduleBytes: UInt64(module.count)
        )
        let request = try OpenFile.nameless(holding: head.bytes, module)
        return try result(of: try await run(FileDescriptor(rawValue: request.descriptor)))
    }

    /// How a process ended.
    private enum Ending: Sendable {
        case deadline
        case tooMuchOutput
        case ended(TerminationStatus, output: [UInt8], complaint: String)
    }

    private func run(_ request: FileDescriptor) async throws -> Ending {
        try await withThrowingTaskGroup(of: Ending.self) { group in
            group.addTask { try await start(request) }
            group.addTask {
                try await Task.sleep(for: limits.deadline)
                return .deadline
            }
            // Cancelling the first task kills the process; the group waits until it is reaped.
            defer { group.cancelAll() }
            let ending = try await group.next()
            try Task.checkCancellation()
            return ending ?? .deadline
        }
    }

    private func start(_ request: FileDescriptor) async throws -> Ending {
        struct OutputLimit: Error {}
        let most = limits.outputBytes + CompilerAnswer.headBytes
        do {
            let result = try await Subprocess.run(
                .path(FilePath(executable)),
                environment: .custom(Self.environment),
                input: .fileDescriptor(request, closeAfterSpawningProcess: false),
                output: .sequence,
                error: .sequence
            ) { execution -> (output: [UInt8], complaint: String) in
                async let complaint = Self.complaint(execution.standardError)
                var output: [UInt8] = []
                for try await buffer in execution.standardOutput {
                    guard output.count + buffer.count <= most else { throw OutputLimit() }
                    // Safe: the bytes are copied while they are lent.
                    unsafe buffer.withUnsafeBytes { unsafe output.append(contentsOf: $0) }
                }
                return (output, try await complaint)
            }
            return .ended(
                result.terminationStatus,
                output: result.closureResult.output,
                complaint: result.closureResult.complaint
            )
        } catch is OutputLimit {
            return .tooMuchOutput
        } catch let error as SubprocessError {
            throw failure("could not be run", "\(error)")
        }
    }

    /// Nothing of the host's environment but where shared libraries are, if that was said to the host.
    private static var environment: [Environment.Key: String] {
        var environment: [Environment.Key: String] = ["SWIFT_BACKTRACE": "enable=no"]
        let inherited = ProcessInfo.processInfo.environment
        environment["LD_LIBRARY_PATH"] = inherited["LD_LIBRARY_PATH"]
        environment["DYLD_LIBRARY_PATH"] = inherited["DYLD_LIBRARY_PATH"]
        return environment
    }

    /// The first line that the process wrote to its standard error. The rest is read and forgotten, so that it does not wait.
    private static func complaint(_ output: SubprocessOutputSequence) async throws -> String {
        var bytes: [UInt8] = []
        for try await buffer in output where bytes.count < 1024 {
            // Safe: the bytes are copied while they are lent.
            unsafe buffer.withUnsafeBytes { unsafe bytes.append(contentsOf: $0.prefix(1024)) }
        }
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") }.prefix(400)
        return String(String(decoding: line, as: UTF8.self).filter { !$0.isNewline && $0 != "\u{1b}" })
    }

    private func result(of ending: Ending) throws(PluginError) -> [UInt8] {
        switch ending {
        case .deadline:
            throw PluginError(
                .compilation,
                message: "the module was not compiled after \(limits.deadline), and its compiler was killed",
                limit: limits.deadline.wholeNanoseconds
            )
        case .tooMuchOutput:
            throw tooLarge(nil)
        case .ended(.exited(0), let output, _):
            return try compiled(output)
        case .ended(.exited(let status), _, let complaint):
            throw failure("ended with status \(status)", complaint)
        case .ended(.signaled(SIGXCPU), _, _):
            throw PluginError(
                .compilation,
                message: "the module was not compiled after \(limits.processorSeconds) s of processor time",
                limit: UInt64(limits.processorSeconds) * 1_000_000_000
            )
        case .ended(.signaled(SIGABRT), _, let complaint) where complaint.hasPrefix("memory allocation of"):
            throw outOfMemory(complaint)
        case .ended(.signaled(SIGKILL), _, let complaint):
            throw failure("was killed by another process or by the system, which does so for want of memory", complaint)
        case .ended(.signaled(let signal), _, let complaint):
            throw failure("crashed with signal \(signal)", complaint)
        }
    }

    private func compiled(_ output: [UInt8]) throws(PluginError) -> [UInt8] {
        let count = output.count
        guard let answer = CompilerAnswer(output) else {
            throw PluginError(
                .compilation,
                message: """
                    '\(executable)' answered with \(count) bytes that are no answer of \(CompilerExecutable.name); expected the one \
                    that was built with this host
                    """
            )
        }
        switch answer {
        case .compiled(let bytes): return bytes
        case .refused(let reason): throw PluginError(.invalidModule, message: reason)
        case .outOfMemory(let reason): throw outOfMemory(reason)
        case .tooLarge(let size): throw tooLarge(size)
        case .failed(let reason): throw failure("could not do its work", reason)
        }
    }

    private func failure(_ what: String, _ complaint: String) -> PluginError {
        let reason = complaint.isEmpty ? "" : ": \(complaint)"
        return PluginError(.compilation, message: "the compiler process '\(executable)' \(what)\(reason)")
    }

    private func outOfMemory(_ reason: String) -> PluginError {
        PluginError(
            .compilation,
            message: "the module was not compiled within \(limits.memory) bytes of memory: \(reason)",
            limit: UInt64(limits.memory)
        )
    }

    private func tooLarge(_ size: UInt64?) -> PluginError {
        PluginError(
            .compilation,
            message: "the compiled module has more bytes than allowed",
            limit: UInt64(limits.outputBytes),
            used: size
        )
    }
}
