/// What a module imports from one capability, or from none.
public struct ImportGroup: Sendable {
    /// One import.
    public struct Item: Sendable, Hashable {
        /// What the module declares.
        public var item: ModuleContents.Import
        /// Whether the capability's function waits, which it can for suspendable plugins only.
        public var waits: Bool
    }

    /// The capability that offers them; nil for what none offers.
    public var capability: CapabilityID?
    /// The imports, in the module's order.
    public var items: [Item]
}

extension ModuleContents {
    /// The imports, grouped by the first of `capabilities` that offers each, in the order in which the groups come up.
    public func imports(offeredBy capabilities: [any Capability.Type]) -> [ImportGroup] {
        var groups: [ImportGroup] = []
        let offers = capabilities.map { (id: $0.id, functions: $0.offers) }
        for item in imports {
            let name = ImportName(item)
            var found: (id: CapabilityID, waits: Bool)?
            if case .function = item.item {
                for offer in offers {
                    guard let function = offer.functions.first(where: { $0.name == name }) else { continue }
                    found = (offer.id, function.waits)
                    break
                }
            }
            let entry = ImportGroup.Item(item: item, waits: found?.waits ?? false)
            if let index = groups.firstIndex(where: { $0.capability == found?.id }) {
                groups[index].items.append(entry)
            } else {
                groups.append(ImportGroup(capability: found?.id, items: [entry]))
            }
        }
        return groups
    }
}
