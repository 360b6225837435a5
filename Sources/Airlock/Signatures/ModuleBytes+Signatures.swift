extension ModuleBytes {
    /// What is put behind a module's path to name the file with its detached signature.
    public static let signatureSuffix = ".sig"

    /// The module's signatures: those in it, or else those that came with the source, or else those in the file beside the module's, which is
    /// called as it is with ``signatureSuffix`` behind; nil where there are none.
    ///
    /// The file is read now; it waits for the disk.
    /// - Throws: ``PluginError/Code/signatureRefused`` where the module or its signatures are malformed or cannot be read.
    public func signatures() throws(PluginError) -> ModuleSignatures? {
        try ModuleSignatures(of: bytes) { () throws(PluginError) in
            if let detachedSignature { return detachedSignature }
            guard let path else { return nil }
            return try Self.signature(inFile: path + Self.signatureSuffix)
        }
    }

    /// The same, but throws unless one of the keys signed the module.
    func signatures(requiring keys: Set<ModuleVerificationKey>) throws(PluginError) -> ModuleSignatures? {
        guard !keys.isEmpty else {
            throw PluginError(.configuration, message: "the keys that may sign the module: expected at least one")
        }
        let name = path.map { LogText.quoted(Array($0.utf8)) } ?? "the module"
        let refusal: String
        do {
            let signatures = try signatures()
            guard let found = ModuleSignatures.refusal(of: signatures, expecting: keys) else { return signatures }
            let isUnaccompanied = signatures == nil && path != nil
            refusal = isUnaccompanied ? "there is no file '\(Self.signatureSuffix)' beside it, and \(found)" : found
        } catch {
            refusal = "\(error.message); \(ModuleSignatures.expectation(of: keys))"
        }
        throw PluginError(.signatureRefused, message: "\(name): \(refusal)")
    }

    private static func signature(inFile path: String) throws(PluginError) -> [UInt8]? {
        let name = "its detached signature \(LogText.quoted(Array(path.utf8)))"
        do {
            let file = try OpenFile(path, .read)
            guard try file.facts().kind == .regular else {
                throw PluginError(.signatureRefused, message: "\(name) is not a regular file")
            }
            // One byte more is refused by whoever reads them.
            return try file.read(atMost: SignatureData.mostBytes + 1)
        } catch let error as PluginError {
            throw error
        } catch let failure as FileFailure where failure.isAbsence {
            return nil
        } catch {
            throw PluginError(.signatureRefused, message: "\(name) cannot be read: \(error)")
        }
    }
}
