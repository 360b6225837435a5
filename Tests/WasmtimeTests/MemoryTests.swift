import Testing
import Wasmtime

@Suite("Memory")
struct MemoryTests {
    let store: Store<Recorder>
    let instance: Instance
    let memory: Memory

    init() throws {
        (store, instance) = try makeGuest(
            """
            (module (memory (export "memory") 1 4) (data (i32.const 16) "hello")
              (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
              (func (export "grow") (result i32) (memory.grow (i32.const 1))))
            """, engine: Engine())
        memory = try #require(instance.memory("memory"))
    }

    @Test("Bytes are read and written where the guest sees them")
    func copies() throws {
        #expect(try memory.read(at: 16, count: 5) == Array("hello".utf8))
        try memory.write(Array("bytes".utf8), at: 65_531)
        #expect(try memory.read(at: 65_531, count: 5) == Array("bytes".utf8))
        let load = try instance.function("load", taking: Int32.self, returning: Int32.self)
        #expect(try load(65_535) == Int32(UInt8(ascii: "s")))
    }

    static let outside: [(UInt32, UInt32)] = [
        (65_536, 1), (65_535, 2), (0, 65_537), (.max, 1), (.max, .max), (1, .max), (65_537, 0), (.max, 0),
    ]

    @Test("Ranges outside are refused, without overflow", arguments: outside)
    func outOfBounds(offset: UInt32, count: UInt32) {
        let error = failure { () throws(WasmtimeError) in _ = try memory.read(at: offset, count: count) }
        #expect(error?.code == .outOfBounds)
        if count < 100_000 {
            let bytes = [UInt8](repeating: 0, count: Int(count))
            let error = failure { () throws(WasmtimeError) in try memory.write(bytes, at: offset) }
            #expect(error?.code == .outOfBounds)
        }
    }

    @Test("An empty range at the end is inside")
    func empty() throws {
        #expect(try memory.read(at: 65_536, count: 0).isEmpty)
        try memory.write([], at: 65_536)
    }

    @Test("Integers are little-endian and need no alignment")
    func integers() throws {
        try memory.storeInteger(0x0102_0304 as UInt32, at: 33)
        #expect(try memory.read(at: 33, count: 4) == [4, 3, 2, 1])
        #expect(try memory.loadInteger(at: 33, as: UInt32.self) == 0x0102_0304)
        try memory.storeInteger(-2 as Int64, at: 65_528)
        #expect(try memory.loadInteger(at: 65_528, as: Int64.self) == -2)
        #expect(try memory.loadInteger(at: 65_535, as: UInt8.self) == 0xff)
        #expect(
            failure { () throws(WasmtimeError) in _ = try memory.loadInteger(at: 65_529, as: Int64.self) }?.code
                == .outOfBounds)
        #expect(
            failure { () throws(WasmtimeError) in try memory.storeInteger(1 as UInt16, at: .max) }?.code == .outOfBounds
        )
    }

    @Test("A memory grows from outside and from inside, up to its maximum")
    func growth() throws {
        #expect(memory.pageCount == 1 && memory.byteCount == 65_536)
        #expect(try memory.grow(byPages: 1) == 1)
        #expect(try instance.function("grow", returning: Int32.self)() == 2)
        #expect(memory.pageCount == 3 && memory.byteCount == 3 * 65_536)
        try memory.write([1], at: 3 * 65_536 - 1)
        #expect(failure { () throws(WasmtimeError) in try memory.grow(byPages: 2) }?.code == .growth)
        #expect(try memory.grow(byPages: 0) == 3)
    }

    @Test("A view reads and changes the memory in place")
    func views() throws {
        memory.withMutableBytes { bytes in
            bytes.storeBytes(of: 7, toByteOffset: 100, as: UInt8.self)
        }
        let (first, count) = memory.withBytes { bytes in
            (bytes.unsafeLoadByte(100), memory.withBytes { $0.byteCount })
        }
        #expect(first == 7 && count == 65_536)
    }

    @Test("While a view is open the guest does not run, no memory grows, and nothing is written")
    func openViews() throws {
        let load = try instance.function("load", taking: Int32.self, returning: Int32.self)
        let errors = memory.withBytes { _ in
            [
                failure { () throws(WasmtimeError) in _ = try load(0) },
                failure { () throws(WasmtimeError) in try memory.grow(byPages: 1) },
                failure { () throws(WasmtimeError) in try memory.write([1], at: 0) },
            ]
        }
        #expect(errors.map { $0?.code } == [.busy, .busy, .busy])
        let reading = memory.withMutableBytes { _ in
            failure { () throws(WasmtimeError) in _ = try memory.read(at: 0, count: 1) }
        }
        #expect(reading?.code == .busy)
        // Views close when their closure throws, too.
        #expect(throws: HostFailure.self) {
            try memory.withMutableBytes { (_) throws(HostFailure) in throw HostFailure(number: 1) }
        }
        #expect(try load(0) == 0)
    }

    @Test("A view that overlaps with one that writes stops the program")
    func overlap() async {
        await #expect(processExitsWith: .failure) {
            let (_, instance) = try makeGuest(#"(module (memory (export "memory") 1))"#, engine: Engine())
            let memory = try #require(instance.memory("memory"))
            memory.withMutableBytes { _ in memory.withBytes { _ in } }
        }
    }

    @Test("A host function uses its caller's memory")
    func caller() throws {
        let (store, instance) = try makeGuest(
            """
            (module (import "env" "f" (func $f (param i32 i32)))
              (memory (export "memory") 1) (global (export "global") i32 (i32.const 1))
              (data (i32.const 8) "abc")
              (func (export "g") (call $f (i32.const 8) (i32.const 3)))
              (func (export "outside") (call $f (i32.const -1) (i32.const 3))))
            """, engine: Engine()
        ) { linker in
            try linker.define("env", "f") { (caller, offset: UInt32, count: UInt32) in
                let others = [caller.memory("absent"), caller.memory("global")]
                #expect(others.allSatisfy { $0 == nil })
                let found = caller.memory("memory")
                let memory = try #require(found)
                caller.host.values = try memory.read(at: offset, count: count).map(Int64.init)
            }
        }
        try instance.function("g")()
        #expect(store.host.values == Array("abc".utf8).map(Int64.init))
        let outside = try instance.function("outside")
        let error = failure { () throws(WasmtimeError) in try outside() }
        #expect((error?.hostError as? WasmtimeError)?.code == .outOfBounds)
    }

    @Test("Memories are found by name and kind")
    func names() {
        #expect(instance.memory("absent") == nil)
        #expect(instance.memory("load") == nil)
    }

    @Test("A memory keeps its store alive")
    func lifetime() throws {
        func make() throws -> Memory {
            let (_, instance) = try makeGuest(#"(module (memory (export "m") 1))"#, engine: Engine())
            return try #require(instance.memory("m"))
        }
        #expect(try make().read(at: 0, count: 1) == [0])
    }
}

extension RawSpan {
    /// The byte at an offset that the test knows to be inside.
    fileprivate func unsafeLoadByte(_ offset: Int) -> UInt8 {
        unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }
}
