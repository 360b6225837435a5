/// Why text is not taken as a URL.
struct URLRefusal: Error {
    /// The part of the URL that is wrong: `scheme`, `host`, …
    var part: String
    /// What was expected and what came.
    var reason: String
}
