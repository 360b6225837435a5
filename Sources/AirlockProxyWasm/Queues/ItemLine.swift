/// The items of one queue, in their order.
struct ItemLine {
    private var items: [[UInt8]] = []
    /// The place of the first one; those before it were taken.
    private var first = 0
    private(set) var byteCount = 0

    var count: Int { items.count - first }

    mutating func append(_ item: [UInt8]) {
        items.append(item)
        byteCount += item.count
    }

    mutating func takeFirst() -> [UInt8]? {
        guard first < items.count else { return nil }
        let item = items[first]
        items[first] = []
        first += 1
        byteCount -= item.count
        // Half of the places are free at least: moving the others costs no more than taking them did.
        if first * 2 >= items.count {
            items.removeFirst(first)
            first = 0
        }
        return item
    }
}
