import Foundation
import Testing

/// How often the cases are repeated, and how long they may take.
enum Effort {
    /// What `make hostile` asks for: the least number of repetitions of each case, also of those that take long.
    static let leastRepetitions =
        ProcessInfo.processInfo.environment["AIRLOCK_HOSTILE_REPETITIONS"].flatMap(Int.init) ?? 0

    static var isThorough: Bool { leastRepetitions > 0 }

    /// Seconds after which a case's process is ended.
    static var seconds: UInt32 { isThorough ? 4 * 3_600 : 300 }
}

extension Trait where Self == TimeLimitTrait {
    /// The time of a case's process and of what is around it.
    static var hostile: Self { .timeLimit(.minutes(Effort.isThorough ? 241 : 6)) }
}
