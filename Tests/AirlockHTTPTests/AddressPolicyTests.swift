import Airlock
import AirlockHTTP
import Testing

@Suite("Addresses that HTTP egress may reach")
struct AddressPolicyTests {
    @Test(arguments: [
        "0.0.0.0", "0.1.2.3", "10.255.255.255", "100.64.0.1", "100.100.100.200", "100.127.255.255", "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16", "169.254.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1",
        "192.168.1.1",
        "192.88.99.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255", "::", "::1", "::7f00:1", "::8.8.8.8", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
        "64:ff9b::10.0.0.1",
        "64:ff9b::169.254.169.254", "64:ff9b:1::8.8.8.8", "100::1", "2001::1", "2001:0:808:808::1", "2001:2::1",
        "2001:10::1",
        "2001:20::1", "2001:db8::1", "2002:808:808::1", "2002:a00:1::1", "3fff::1", "5f00::1", "fc00::1",
        "fd00:ec2::254", "fd20:ce::254",
        "fe80::1", "febf::1", "fec0::1", "ff02::1", "4000::1", "1::1",
    ])
    func `an address that is not public is refused`(text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(AddressPolicy.publicOnly.refusal(of: address) != nil)
    }

    @Test(arguments: [
        "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
        "128.0.0.0", "169.253.0.1",
        "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "198.17.0.1", "198.20.0.0", "223.255.255.255",
        "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2001:4860:4860::8888", "2606:4700::1111", "2003::1", "2a00::1",
        "3ffe::1",
    ])
    func `a public address is open`(text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(AddressPolicy.publicOnly.refusal(of: address) == nil)
    }

    @Test func `a range that is allowed opens its addresses, but not others wrapped in them`() throws {
        let policy = AddressPolicy(allowed: try ["10.1.0.0/16", "2002::/16", "::/96"].map { try IPRange($0) })
        for open in [
            "10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3", "2002:a01:203::1", "2002:808:808::1", "::8.8.8.8",
        ] {
            #expect(policy.refusal(of: try #require(IPAddress(open))) == nil, "\(open)")
        }
        for closed in ["10.2.0.1", "64:ff9b::10.2.0.1", "2002:a02:1::1", "::10.2.0.1", "127.0.0.1"] {
            #expect(policy.refusal(of: try #require(IPAddress(closed))) != nil, "\(closed)")
        }
    }

    @Test func `a range that is denied counts more than one that is allowed`() throws {
        let policy = AddressPolicy(
            allowed: [try IPRange("10.0.0.0/8")], denied: try ["10.9.0.0/16", "8.8.8.0/24"].map { try IPRange($0) })
        #expect(policy.refusal(of: try #require(IPAddress("10.8.0.1"))) == nil)
        #expect(
            policy.refusal(of: try #require(IPAddress("10.9.0.1")))?.contains("10.9.0.0/16, which the policy denies")
                == true)
        #expect(policy.refusal(of: try #require(IPAddress("64:ff9b::8.8.8.8"))) != nil)
    }

    @Test(arguments: [
        ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("1:0:2:0:3:0:4:0", "1:0:2:0:3:0:4:0"),
        ("::ffff:1.2.3.4", "1.2.3.4"), ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"), ("0.0.0.0", "0.0.0.0"),
        ("255.255.255.255", "255.255.255.255"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
    ])
    func `an address has one text form`(text: String, canonical: String) {
        #expect(IPAddress(text)?.description == canonical)
    }

    @Test(arguments: [
        "", ".", "1.2.3", "1.2.3.4.", "01.2.3.4", "1.2.3.256", "1.2.3.+4", "0x1.2.3.4", "1.2.3.4 ", ":", ":::",
        "1:2:3:4:5:6:7", "::1::",
        "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "12345::", "g::", "::1%lo", "[::1]", "::1.2.3", "1.2.3.4::", "+1::",
        "1:2:3:4:5:6:7:1.2.3.4",
    ])
    func `text that is no address is none`(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test(arguments: [
        "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/", "10.0.0.0/-1", "/8", "::/129", "fd00::1/8", "::ffff:0.0.0.0/95",
        "ten/8",
    ])
    func `text that is no range is refused`(text: String) {
        let error = #expect(throws: PluginError.self) { try IPRange(text) }
        #expect(error?.code == .configuration)
    }

    @Test func `a range of mapped addresses is the range of the IPv4 addresses`() throws {
        #expect(try IPRange("::ffff:10.0.0.0/104") == IPRange("10.0.0.0/8"))
        #expect(try IPRange("0.0.0.0/0").contains(try #require(IPAddress("255.1.2.3"))))
    }
}
