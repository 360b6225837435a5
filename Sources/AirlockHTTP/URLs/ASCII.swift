extension UInt8 {
    /// Whether it is one of the ASCII digits.
    var isDigit: Bool { (0x30...0x39).contains(self) }

    /// Whether it is a hexadecimal digit of ASCII, in either case.
    var isHexDigit: Bool { isDigit || (0x41...0x46).contains(self) || (0x61...0x66).contains(self) }

    /// Whether it is a letter of ASCII, in either case.
    var isLetter: Bool { (0x41...0x5A).contains(self) || (0x61...0x7A).contains(self) }
}
