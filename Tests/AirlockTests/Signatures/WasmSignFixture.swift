import Airlock

/// What `wasmsign2` 0.2.6 wrote, given by hand to its functions for signing: two keys and modules that were signed with them.
enum WasmSignFixture {
    /// Public keys, as its key files have them.
    static let keyA = bytes("0141c522268e6e998714393865c8deb60b5df65b8a0374f29f8a3719aa28119881")
    static let keyB = bytes("012e50fb6aa0af37992cd6667a21ed3d38bf09e7f5b3192750f0067f552ae7de23")
    /// The secret half of A, as its key files have it.
    static let secretA = bytes(
        """
        8166cf9072bae9ea8a24051a68cde00739353a63097114aaca7a684c75999b9b7241c522268e6e998714393865c8deb60b5d
        f65b8a0374f29f8a3719aa28119881
        """)
    /// The identifiers that it gave the keys.
    static let identifierA = "a9f463daae3a862b75467672"
    static let identifierB = "5d2038f7391a9eaddd9a0244"
    /// A as it writes it in PEM.
    static let pemA = """
        -----BEGIN PUBLIC KEY-----
        MCowBQYDK2VwAyEAQcUiJo5umYcUOThlyN62C132W4oDdPKfijcZqigRmIE=
        -----END PUBLIC KEY-----
        """

    /// A module that exports a function `answer`, which returns 42.
    static let module = bytes(
        """
        0061736d010000000105016000017f03020100070a0106616e7377657200000a06010400412a0b
        """)
    /// It, signed with the key A.
    static let embedded = bytes(
        """
        0061736d01000000008101097369676e61747572650101010172010894ff8c8251f5373b658115cac3efd47b06ce5afa8739
        cacbabff9044ca7f86014f0ca9f463daae3a862b754676720140d48553ad3e87caa521e9858c1dff95b8102047e3ee0e7146
        c4f42cb387d6fea0bd27941b746f2763ccef5b615a92f46286871337772308f0a2508d010995b30b0105016000017f030201
        00070a0106616e7377657200000a06010400412a0b
        """)
    /// That, signed with the key B as well, without naming the key.
    static let twice = bytes(
        """
        0061736d0100000000c601097369676e617475726501010101b601010894ff8c8251f5373b658115cac3efd47b06ce5afa87
        39cacbabff9044ca7f86024f0ca9f463daae3a862b754676720140d48553ad3e87caa521e9858c1dff95b8102047e3ee0e71
        46c4f42cb387d6fea0bd27941b746f2763ccef5b615a92f46286871337772308f0a2508d010995b30b43000140c7360571b1
        98e4355cb864b433428e58a612e66123d45cbd839fb00f38e0f3a5524ba1ff6ac826efee338a7fb787ca024d3957a93bb2d5
        3aa189fde7bb80b80b0105016000017f03020100070a0106616e7377657200000a06010400412a0b
        """)
    /// The detached signature of the module with the key B.
    static let detached = bytes(
        """
        0101010172010894ff8c8251f5373b658115cac3efd47b06ce5afa8739cacbabff9044ca7f86014f0c5d2038f7391a9eaddd
        9a02440140c7360571b198e4355cb864b433428e58a612e66123d45cbd839fb00f38e0f3a5524ba1ff6ac826efee338a7fb7
        87ca024d3957a93bb2d53aa189fde7bb80b80b
        """)
    /// It, signed with A up to a delimiter, then with a section more, and all of it signed with B.
    static let extended = bytes(
        """
        0061736d01000000009502097369676e617475726501010102720191039fdf862cb3a9d5538bf7529d0934dfab8e1c8b5880
        aa224ff823fcba491d014f0ca9f463daae3a862b75467672014021a8a44b9ff3a8329bee48dbb3321f7860baf52f55c5a946
        de3939a07ff1fedc85887e9ab24bc0389d3143b9d023e6038dc3209d8d4079ed0d48ea9a1c15570692010291039fdf862cb3
        a9d5538bf7529d0934dfab8e1c8b5880aa224ff823fcba491dc68ab37a81d02806f1ab5f5c73ff0d1ec25dd6c20d0c30335f
        f83f795dbf192a014f0c5d2038f7391a9eaddd9a02440140095cc90e70188b6cf26ec22c4815cd985f69df52982e1d117bdd
        996491c5869abf8c40b3cad484d69d330af2a7f44c3a6798587df78942aebefb0d4c9dfba9000105016000017f0302010007
        0a0106616e7377657200000a06010400412a0b0024137369676e61747572655f64656c696d697465721de6b4cd8187cc42fb
        0a6cf113ad8dad00030161010024137369676e61747572655f64656c696d6974657228f3bda7910a4c0e0ad864014eb57c6b
        """)

    static func keys() throws -> (a: ModuleVerificationKey, b: ModuleVerificationKey) {
        (try ModuleVerificationKey(serialized: keyA), try ModuleVerificationKey(serialized: keyB))
    }

    static func bytes(_ digits: String) -> [UInt8] {
        let values = digits.compactMap(\.hexDigitValue)
        return stride(from: 0, to: values.count - 1, by: 2).map { UInt8(values[$0] << 4 | values[$0 + 1]) }
    }
}
