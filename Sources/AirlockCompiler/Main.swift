import CompilerProtocol
import Wasmtime

/// Compiles one module for an Airlock host, within limits, and ends.
///
/// The request comes on standard input, the answer goes to standard output. Whatever the module does to the compiler
/// happens here and not in the host.
@main
struct AirlockCompiler {
    static func main() {
        guard let head = StandardStreams.read(exactly: CompilerRequest.headBytes).flatMap(CompilerRequest.Head.init)
        else {
            StandardStreams.complain("airlock-compiler: this is started by Airlock hosts, which send it a module")
            return StandardStreams.end(64)
        }
        let answer: CompilerAnswer
        if let failure = ProcessLimits(head).enforce() {
            answer = .failed(failure)
        } else {
            ParentWatch.start()
            answer = compile(head)
        }
        let (headBytes, content) = answer.headAndContent
        StandardStreams.end(StandardStreams.write(headBytes) && StandardStreams.write(content) ? 0 : 1)
    }

    private static func compile(_ head: CompilerRequest.Head) -> CompilerAnswer {
        guard let module = StandardStreams.read(exactly: Int(clamping: head.moduleBytes)) else {
            return .failed("the request holds fewer bytes than the \(head.moduleBytes) of the module")
        }
        do {
            let engine = try Engine(head.settings.engine)
            let compiled = try Module(engine: engine, bytes: module).serialized()
            guard UInt64(compiled.count) <= head.outputBytes else { return .tooLarge(UInt64(compiled.count)) }
            return .compiled(compiled)
        } catch {
            switch error.code {
            case .invalidModule where isOutOfMemory(error.message): return .outOfMemory(error.message)
            case .invalidModule: return .refused(error.message)
            default: return .failed("\(error)")
            }
        }
    }

    /// Whether a failure to compile is about this process and not about the module. The engine has only text to tell them apart.
    private static func isOutOfMemory(_ message: String) -> Bool {
        message.contains("Cannot allocate memory") || message.contains("out of memory")
    }
}
