internal import OneDNN
@main enum Benchmark { static func main() { print("x") } }
