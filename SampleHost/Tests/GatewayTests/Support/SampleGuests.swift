import Airlock
import AirlockProxyWasm
import Foundation
import Gateway

/// The sample plugins, built from source once for all tests.
enum SampleGuests {
    /// The folder with the modules.
    static func folder() async throws -> URL { try await build.value }

    /// One module's file.
    static func file(_ name: String) async throws -> String {
        try await folder().appendingPathComponent("\(name).wasm").path
    }

    /// A plugin of that name that runs a sample.
    static func plugin(
        _ module: String,
        configuration: String = "",
        limits: PluginLimits = PluginLimits(),
        onFailure: FailurePolicy = .closed
    ) async throws -> PluginConfiguration {
        PluginConfiguration(
            filter: FilterConfiguration(
                name: module,
                configuration: Array(configuration.utf8),
                source: .file(try await file(module)),
                limits: limits,
                failurePolicy: onFailure
            )
        )
    }

    private static let build = Task.detached {
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let folder = repository.appendingPathComponent("SamplePlugins/.build/plugins")
        let process = Process()
        process.executableURL = repository.appendingPathComponent("Scripts/build-guests")
        process.arguments = [folder.path]
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in continuation.resume() }
            do {
                try process.run()
            } catch {
                continuation.resume(throwing: error)
            }
        }
        guard process.terminationStatus == 0 else { throw BuildFailure(status: process.terminationStatus) }
        return folder
    }

    struct BuildFailure: Error {
        let status: Int32
    }
}
