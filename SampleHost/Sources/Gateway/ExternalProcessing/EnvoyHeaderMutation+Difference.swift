import AirlockProxyWasm
import ExternalProcessingMessages
import Foundation
import GRPCCore
import SwiftProtobuf

extension EnvoyHeaderMutation {
    /// What makes one map of the other; nil where they have the same values under each name.
    init?(from old: HeaderMap, to new: HeaderMap) {
        guard old != new else { return nil }
        self.init()
        let (before, after) = (old.valuesByName, new.valuesByName)
        removeHeaders = before.names.filter { after.values[$0] == nil }
        for name in after.names {
            guard let values = after.values[name], values != before.values[name] else { continue }
            // The first value takes the place of all that there were.
            for (position, value) in values.enumerated() {
                setHeaders.append(EnvoyHeaderValueOption(name, value, position == 0 ? .replacing : .adding))
            }
        }
        if removeHeaders.isEmpty, setHeaders.isEmpty { return nil }
    }
}

extension EnvoyHeaderValueOption {
    enum Action {
        case replacing
        case adding
    }

    init(_ name: String, _ value: String, _ action: Action) {
        self.init()
        header.key = name
        header.rawValue = Data(value.utf8)
        keepEmptyValue = true
        switch action {
        case .replacing:
            appendAction = .overwriteIfExistsOrAdd
        case .adding:
            appendAction = .appendIfExistsOrAdd
            // Envoys that do not look at the action would replace.
            append.value = true
        }
    }
}

extension HeaderMap {
    /// The values under each name, and the names in the order in which they come first.
    fileprivate var valuesByName: (names: [String], values: [String: [String]]) {
        var names: [String] = []
        var values: [String: [String]] = [:]
        for (name, value) in self {
            if values[name] == nil { names.append(name) }
            values[name, default: []].append(value)
        }
        return (names, values)
    }

    /// The fields as Envoy sends them.
    /// - Parameter kind: what the message is called in errors.
    /// - Throws: where a field could not be in a message of HTTP.
    init(_ message: EnvoyHeaderMap, of kind: String) throws(RPCError) {
        self.init()
        for field in message.headers {
            let value = field.rawValue.isEmpty ? Array(field.value.utf8) : Array(field.rawValue)
            guard !field.key.isEmpty, field.key.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }),
                !value.contains(where: { [0, 0x0A, 0x0D].contains($0) })
            else {
                throw RPCError(
                    code: .invalidArgument,
                    message: "\(kind): expected header fields, found \"\(field.key.prefix(80))\"")
            }
            append(name: field.key, bytes: value)
        }
    }
}
