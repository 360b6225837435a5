/// One mistake in a configuration file.
public struct ConfigurationMistake: Sendable, Hashable, CustomStringConvertible {
    /// The line, from 1; `nil` when the mistake is about the whole file.
    public let line: Int?
    /// The path to the key, such as `plugins[0].limits.memory`; empty at the top of the file.
    public let key: String
    /// What was expected and what came.
    public let message: String

    /// `line: key: message`, without the parts that are missing.
    public var description: String {
        [line.map(String.init), key.isEmpty ? nil : key, message].compactMap(\.self).joined(separator: ": ")
    }
}

/// A configuration file that cannot be used, with all its mistakes in the order of their lines.
public struct ConfigurationError: Error, Sendable, CustomStringConvertible {
    /// The path of the file as it was given.
    public let file: String
    /// At least one.
    public let mistakes: [ConfigurationMistake]

    /// One line a mistake: `file:line: key: message`.
    public var description: String {
        mistakes.map { "\(file):\($0)" }.joined(separator: "\n")
    }
}
