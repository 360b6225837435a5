/// A report for people, at most 100 columns wide where what it shows can be broken.
struct ReportText {
    private(set) var lines: [String] = []
    private static let width = 100

    init(_ report: PluginReport) {
        lines.append("plugin \(printable(report.name))")
        field("file", printable(report.file, most: 200))
        field("size", "\(report.bytes.grouped) bytes, \(report.looksLike ?? "a \(report.kind)")")
        if let sha256 = report.sha256 { field("sha256", sha256) }
        if let signed = report.signed { add(signed) }
        if let abi = report.abi { field("abi", "\(abi), \(report.abiReason ?? "")") }
        if let contents = report.contents { add(contents) }
        if let component = report.component { add(component) }
        if report.contents != nil { add(report.manifest) }
        if let decision = report.decision { add(decision) }
        verdict(report)
    }

    // MARK: Parts

    private mutating func add(_ signed: SignatureReport) {
        if let damage = signed.damage { return field("signed", printable(damage, most: 300)) }
        guard signed.place != "nowhere" else { return field("signed", "no") }
        let place = signed.place == "module" ? "in the module" : "in a file beside the module"
        field("signed", signed.verified.isEmpty ? "\(place), not verified" : "\(place)")
        for signature in signed.signatures {
            let key = signature.keyID.map { "that calls its key \(printable($0))" } ?? "without a name for its key"
            let cover = signature.coversModule ? "for the whole module" : "not for the whole module as it is"
            row("\(signature.algorithm) \(cover)", key)
        }
        for key in signed.verified { row("verified with the key", key) }
    }

    private mutating func add(_ contents: ContentsReport) {
        title("contents")
        field(
            "sections",
            contents.sections.map { "\($0.isCustom ? "'\(printable($0.name))'" : $0.name) \($0.bytes.grouped)" }.joined(
                separator: ", "))
        if let counts = contents.counts {
            field(
                "counts",
                "\(counts.functions.grouped) functions, \(counts.tables) tables, \(counts.globals) globals, "
                    + "\(counts.dataSegments.grouped) data segments")
            field(
                "code",
                "\(counts.codeBytes.grouped) bytes; the largest function has \(counts.largestFunctionBody.grouped) bytes, "
                    + "the most locals of one are \(counts.mostLocals), the deepest nesting is \(counts.deepestNesting)"
            )
        }
        for memory in contents.memories {
            let kind = (memory.isShared ? ", shared" : "") + (memory.is64Bit ? ", 64-bit" : "")
            field(
                "memory",
                "\(memory.minimumPages) pages of 64 KiB, at most \(memory.maximumPages.map(String.init) ?? "any number")\(kind)"
            )
        }
        if contents.hasStart { field("start", "a function of the module runs with each new instance") }
        title("imports")
        if contents.imports.isEmpty { add("none") }
        for group in contents.imports {
            add(group.capability.map { "of \(printable($0))" } ?? "of no capability that comes with Airlock")
            for item in group.items {
                row("\(printable(item.module)).\(printable(item.name))", item.type + (item.waits ? ", waits" : ""))
            }
        }
        title("exports")
        if contents.exports.isEmpty { add("none") }
        for export in contents.exports { row(printable(export.name), export.type) }
    }

    private mutating func add(_ component: ComponentReport) {
        title("component")
        field("memory", "\(component.memory): what a component's modules have cannot be seen by the host")
        if let damage = component.damage { field("damaged", damage) }
        for section in component.sections {
            row(
                section.name + (section.count == 1 ? "" : ", \(section.count) of them"),
                "\(section.bytes.grouped) bytes")
        }
    }

    private mutating func add(_ manifest: ManifestReport?) {
        title("manifest")
        guard let manifest else { return add("none") }
        field("name", printable(manifest.name) + (manifest.version.isEmpty ? "" : " \(printable(manifest.version))"))
        if !manifest.description.isEmpty { field("says", printable(manifest.description, most: 300)) }
        if let abi = manifest.abi { field("abi", printable(abi)) }
        if let digest = manifest.sha256 { field("sha256", digest) }
        for wish in manifest.wishes {
            let reason = wish.reason.isEmpty ? "" : ": \(printable(wish.reason, most: 300))"
            field("wants", "\(printable(wish.id))\(wish.isRequired ? "" : " (optional)")\(reason)")
            for (name, value) in wish.parameters.sorted(by: { $0.key < $1.key }) {
                row(printable(name), printable(value, most: 300))
            }
        }
        for (name, value) in manifest.limits.sorted(by: { $0.key < $1.key }) { field("limit", "\(name) \(value)") }
    }

    private mutating func add(_ decision: DecisionReport) {
        title("given by \(printable(decision.policy, most: 200))")
        if decision.grants.isEmpty { add("no capabilities") }
        for grant in decision.grants { field("grant", "\(grant.id): \(printable(grant.summary, most: 500))") }
        for (name, value) in decision.limits.sorted(by: { $0.key < $1.key }) {
            field("limit", "\(name) \(value == "\(Int.max)" ? "unlimited" : value)")
        }
        if let quota = decision.quota {
            field("quota", "\(printable(quota.name)), shared with the other plugins that have it")
            for (name, value) in quota.bounds.sorted(by: { $0.key < $1.key }) { row(name, value) }
        }
        for note in decision.notes { field("note", printable(note, most: 1_000)) }
    }

    private mutating func verdict(_ report: PluginReport) {
        lines.append("")
        if report.isCompiled { lines.append("compiled without errors") }
        guard !report.loads else {
            let condition = report.decision == nil ? ", if a policy gives what it asks for" : ""
            return lines.append("would load\(condition)")
        }
        lines.append("would be refused:")
        for refusal in report.refusals { wrap("  \(refusal.code): ", printable(refusal.message, most: 2_000)) }
    }

    // MARK: Lines

    private mutating func title(_ text: String) {
        lines += ["", text]
    }

    private mutating func add(_ text: String) {
        lines.append("  \(text)")
    }

    private mutating func field(_ name: String, _ value: String) {
        wrap("  \(name)".padded(to: 12), value)
    }

    private mutating func row(_ name: String, _ value: String) {
        wrap("    \(name)".padded(to: 40) + " ", value)
    }

    /// Adds a line with a head; what does not fit goes on below the text, broken at spaces.
    private mutating func wrap(_ head: String, _ text: String) {
        let indentation = String(repeating: " ", count: min(head.count, 41))
        var line = head
        var isFresh = true
        for word in text.split(separator: " ", omittingEmptySubsequences: true) {
            if !isFresh, line.count + 1 + word.count > Self.width {
                lines.append(line)
                line = indentation
                isFresh = true
            }
            line += isFresh ? String(word) : " \(word)"
            isFresh = false
        }
        lines.append(line)
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        count < width ? self + String(repeating: " ", count: width - count) : self + " "
    }
}
