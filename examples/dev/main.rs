#[path = "../../benches/parts.rs"]
mod parts;
fn main() {
    divan::main();
}
