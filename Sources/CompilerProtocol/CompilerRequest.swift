/// What a host asks its compiler process for: a head of fixed size, then the module's bytes.
///
/// The head stands alone, so that the process can set its limits before it reads the module.
package struct CompilerRequest: Sendable {
    /// Everything but the module.
    package struct Head: Sendable, Equatable {
        /// Processor time, in seconds.
        package var processorSeconds: UInt64
        /// Address space, in bytes.
        package var addressSpaceBytes: UInt64
        /// The most bytes of a compiled module.
        package var outputBytes: UInt64
        package var settings: CompilerSettings
        /// The module's length.
        package var moduleBytes: UInt64

        package init(
            processorSeconds: UInt64,
            addressSpaceBytes: UInt64,
            outputBytes: UInt64,
            settings: CompilerSettings,
            moduleBytes: UInt64
        ) {
            self.processorSeconds = processorSeconds
            self.addressSpaceBytes = addressSpaceBytes
            self.outputBytes = outputBytes
            self.settings = settings
            self.moduleBytes = moduleBytes
        }
    }

    /// `AIRLOCKQ` followed by the version of this format.
    static let magic: [UInt64] = [0x514B_434F_4C52_4941, 1]

    /// The size of a head.
    package static let headBytes = 8 * (magic.count + 4 + CompilerSettings.wordCount)
}

extension CompilerRequest.Head {
    package var bytes: [UInt8] {
        Words.bytes(
            CompilerRequest.magic + [processorSeconds, addressSpaceBytes, outputBytes, moduleBytes] + settings.words
        )
    }

    /// The head in the first bytes of a request, or nil where they are none.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == CompilerRequest.headBytes, let words = Words.read(bytes),
            Array(words[..<2]) == CompilerRequest.magic,
            let settings = CompilerSettings(words: Array(words[6...]))
        else { return nil }
        self.init(
            processorSeconds: words[2],
            addressSpaceBytes: words[3],
            outputBytes: words[4],
            settings: settings,
            moduleBytes: words[5]
        )
    }
}
