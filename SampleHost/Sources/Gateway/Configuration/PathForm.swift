/// What paths of requests are brought into before routes and filters see them, and the upstream gets them, so that one resource is not
/// judged under two names. Paths with `.` or `..` segments are refused in any case.
public struct PathForm: Sendable, Hashable {
    /// Whether percent-encoded letters, digits, `-`, `.`, `_` and `~` are decoded, and the digits of other codes put into upper case
    /// (RFC 3986, section 6.2.2).
    public var isNormalized: Bool
    /// Whether slashes that follow each other become one.
    public var mergesSlashes: Bool
    /// Whether a path with an encoded slash or backslash (`%2F`, `%5C`) is refused with 400.
    public var refusesEscapedSlashes: Bool

    /// The form; paths stay as they come where nothing is said.
    public init(isNormalized: Bool = false, mergesSlashes: Bool = false, refusesEscapedSlashes: Bool = false) {
        self.isNormalized = isNormalized
        self.mergesSlashes = mergesSlashes
        self.refusesEscapedSlashes = refusesEscapedSlashes
    }
}
