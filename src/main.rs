fn main() -> std::process::ExitCode {
    wpp::main()
}
