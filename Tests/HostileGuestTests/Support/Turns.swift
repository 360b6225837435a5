/// Many variants of one attack: each repetition takes the next one, and the first one runs all of them.
func taking<Variant>(_ variants: [Variant], _ attack: @escaping (Variant) async throws -> Void) -> Attack {
    var next = -1
    return {
        if next < 0 {
            for variant in variants { try await attack(variant) }
        } else {
            try await attack(variants[next % variants.count])
        }
        next += 1
    }
}
