import ArgumentParser

@main
struct AirlockCommand: ParsableCommand {
}
