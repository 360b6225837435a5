import Testing

@testable import Airlock

@Suite("Edited modules: how memories share a limit")
struct MemoryShareTests {
    private func shares(_ pages: Int, _ memories: [(UInt64, UInt64?)]) -> [MemoryShare] {
        MemoryShare.dividing(
            pages * 65_536,
            among: memories.map { .init(offset: 0, flags: $1 == nil ? 0 : 1, minimum: $0, maximum: $1) }
        )
    }

    @Test("One memory gets the limit, or its own maximum where that is lower")
    func one() {
        #expect(shares(10, [(2, nil)]) == [MemoryShare(maximum: 10, isHostLimit: true)])
        #expect(shares(10, [(2, 10)]) == [MemoryShare(maximum: 10, isHostLimit: true)])
        #expect(shares(10, [(2, 9)]) == [MemoryShare(maximum: 9, isHostLimit: false)])
        #expect(shares(65_536, [(2, nil)]) == [MemoryShare(maximum: 65_536, isHostLimit: true)])
        #expect(shares(1 << 40, [(2, nil)]) == [MemoryShare(maximum: 65_536, isHostLimit: false)])
    }

    @Test("A limit that is not a whole number of pages is rounded down")
    func partOfAPage() {
        #expect(MemoryShare.dividing(65_535, among: [.init(offset: 0, flags: 0, minimum: 0)])[0].maximum == 0)
        #expect(MemoryShare.dividing(-1, among: [.init(offset: 0, flags: 0, minimum: 0)])[0].maximum == 0)
    }

    @Test("Several memories divide what is left over what they begin with")
    func several() {
        #expect(shares(11, [(1, nil), (2, nil)]).map(\.maximum) == [5, 6])
        #expect(shares(10, [(0, 1), (0, nil), (0, 4)]).map(\.maximum) == [1, 5, 4])
        #expect(shares(10, [(0, 1), (0, nil), (0, 4)]).map(\.isHostLimit) == [false, true, true])
        #expect(shares(3, [(2, nil), (2, nil)]).map(\.maximum) == [2, 2])
    }

    @Test("Numbers that no engine would take do not overflow")
    func hostileNumbers() {
        #expect(shares(10, [(.max, .max), (.max, nil), (5, 3)]).map(\.maximum) == [.max, .max, 5])
        #expect(shares(10, [(1, .max)]) == [MemoryShare(maximum: 10, isHostLimit: true)])
    }
}
