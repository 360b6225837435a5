import Airlock

@main
struct AirlockCompiler {
    static func main() {}
}
