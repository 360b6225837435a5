/// How the numbers of a Swift tuple lie in memory, to move them to and from the slots of an unchecked call.
///
/// A pack of numbers could be moved by one generic call for each of them, but the compiler leaves such calls
/// unspecialised, and they cost more than the engine's own call. A tuple of them is concrete where it is used, so only
/// the widths of its elements need to be known, once for each function.
@frozen
@usableFromInline
struct SlotLayout: Sendable {
    /// The number of elements.
    @usableFromInline
    let count: Int

    /// Bit `i` is set when element `i` has eight bytes; otherwise it has four.
    @usableFromInline
    let wideElements: UInt64

    /// The layout of a function that reads its slots itself.
    @inlinable
    init() {
        count = 0
        wideElements = 0
    }

    @inlinable
    init<each Element: WasmValue>(of element: repeat (each Element).Type) {
        var count = 0
        var wideElements: UInt64 = 0
        for size in repeat MemoryLayout<each Element>.size {
            wideElements |= size == 8 ? 1 << UInt64(count) : 0
            count += 1
        }
        self.count = count
        self.wideElements = wideElements
    }

    /// Copies the elements of a tuple to one slot each.
    @inlinable
    @inline(__always)
    func scatter(_ tuple: UnsafeRawPointer, into slots: UnsafeMutablePointer<RawValue>) {
        var offset = 0
        for index in 0..<count {
            if isWide(index) {
                offset = (offset &+ 7) & ~7
                unsafe slots[index].low = tuple.load(fromByteOffset: offset, as: UInt64.self)
                offset &+= 8
            } else {
                unsafe slots[index].low = UInt64(tuple.load(fromByteOffset: offset, as: UInt32.self))
                offset &+= 4
            }
        }
    }

    /// Moves slots to where the elements of a tuple lie that begins where the slots do.
    ///
    /// An element lies before its slot or where its slot begins, so going forwards no slot is overwritten before it is
    /// moved; the first one is in its place already.
    @inlinable
    @inline(__always)
    func gather(_ slots: UnsafeMutableRawPointer) {
        var offset = isWide(0) ? 8 : 4
        var index = 1
        while index < count {
            // Read with the width that the guest wrote it with: a wider read waits for the processor's store buffer.
            let slot = unsafe slots + index &* 16
            if isWide(index) {
                offset = (offset &+ 7) & ~7
                unsafe slots.storeBytes(of: slot.load(as: UInt64.self), toByteOffset: offset, as: UInt64.self)
                offset &+= 8
            } else {
                unsafe slots.storeBytes(of: slot.load(as: UInt32.self), toByteOffset: offset, as: UInt32.self)
                offset &+= 4
            }
            index &+= 1
        }
    }

    @inlinable
    @inline(__always)
    func isWide(_ index: Int) -> Bool {
        wideElements & (1 &<< UInt64(truncatingIfNeeded: index)) != 0
    }
}
