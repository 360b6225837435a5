/// A line that everyone can leave from wherever they stand, in the same time however long it is.
struct WaitingLine<Key: Hashable & Sendable, Element: Sendable>: Sendable {
    private struct Place {
        let element: Element
        var before: Key?
        var after: Key?
    }

    private var places: [Key: Place] = [:]
    private(set) var first: Key?
    private var last: Key?

    var count: Int { places.count }
    var isEmpty: Bool { places.isEmpty }

    /// Puts it at the end, unless that key is in the line already.
    mutating func append(_ element: Element, as key: Key) {
        guard places[key] == nil else { return }
        places[key] = Place(element: element, before: last, after: nil)
        if let last { places[last]?.after = key } else { first = key }
        last = key
    }

    @discardableResult
    mutating func remove(_ key: Key) -> Element? {
        guard let place = places.removeValue(forKey: key) else { return nil }
        if let before = place.before { places[before]?.after = place.after } else { first = place.after }
        if let after = place.after { places[after]?.before = place.before } else { last = place.before }
        return place.element
    }

    mutating func removeFirst() -> Element? { first.flatMap { remove($0) } }
}
