import Testing

/// Many variants of one attack: each repetition takes the next one, and the first one runs all of them. A failure names its variant.
func taking<Variant>(_ variants: [Variant], _ attack: @escaping (Variant) async throws -> Void) -> Attack {
    var next = -1
    func run(_ variant: Variant) async throws {
        do {
            try await attack(variant)
        } catch {
            Issue.record("That was with \(variant).")
            throw error
        }
    }
    return {
        if next < 0 {
            for variant in variants { try await run(variant) }
        } else {
            try await run(variants[next % variants.count])
        }
        next += 1
    }
}
