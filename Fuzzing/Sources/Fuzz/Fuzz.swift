import Foundation

// One fuzz target under libFuzzer, whose main function calls the two functions here:
//
//     fuzz TARGET seeds FOLDER                 writes the inputs to begin with, and FOLDER.words for -dict
//     fuzz TARGET [libFuzzer's arguments]      fuzzes, or runs the files that are named

/// Something that takes bytes from a stranger.
protocol FuzzTarget {
    /// Inputs to begin with.
    func seeds() throws -> [[UInt8]]
    /// What inputs are made of, where that is text.
    var words: [String] { get }
    /// Runs one input and ends the process where a property does not hold.
    func run(_ input: [UInt8])
}

extension FuzzTarget {
    var words: [String] { [] }
}

enum FuzzTargets {
    // Set once, before libFuzzer runs the first input on the same thread.
    nonisolated(unsafe) fileprivate static var chosen: (any FuzzTarget)?

    private static func make(_ name: String) throws -> (any FuzzTarget)? {
        switch name {
        case "module": try ModuleTarget()
        case "headers": HeaderTarget()
        case "path": PropertyPathTarget()
        case "manifest": ManifestTarget()
        case "request": RequestTarget()
        case "url": URLTarget()
        case "signature": try SignatureTarget()
        case "wasi": WASITarget()
        default: nil
        }
    }

    fileprivate static func choose(_ arguments: [String]) throws {
        guard let name = arguments.first, let target = try make(name) else {
            violated("the first argument names a target, not \(arguments.first ?? "nothing")")
        }
        if arguments.count == 3, arguments[1] == "seeds" {
            try write(target.seeds(), target.words, to: URL(filePath: arguments[2]))
            exit(0)
        }
        unsafe chosen = target
    }

    private static func write(_ seeds: [[UInt8]], _ words: [String], to folder: URL) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for (index, seed) in seeds.enumerated() {
            try Data(seed).write(to: folder.appending(path: "seed-\(index)"))
        }
        let lines = words.map { word in
            "\"" + word.utf8.map { "\\x" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "\"\n"
        }
        try Data(lines.joined().utf8).write(to: folder.appendingPathExtension("words"))
    }
}

/// Ends the process, saying what did not hold.
func violated(_ property: String) -> Never {
    FileHandle.standardError.write(Data("fuzz: violated: \(property)\n".utf8))
    abort()
}

/// Takes the first argument away, which libFuzzer would understand as a file.
@c(LLVMFuzzerInitialize)
public func initialize(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>
) -> CInt {
    do {
        try FuzzTargets.choose(Array(CommandLine.arguments.dropFirst()))
    } catch {
        violated("the target can be made: \(error)")
    }
    // Safe: libFuzzer gives `main`'s own count and arguments, of which there are two at least: `choose` wants one.
    unsafe arguments.pointee[1] = arguments.pointee[0]
    unsafe arguments.pointee += 1
    unsafe count.pointee -= 1
    return 0
}

@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // Safe: libFuzzer keeps so many bytes for the call, and they are copied.
    unsafe FuzzTargets.chosen?.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}
