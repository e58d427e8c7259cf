#[path = "../../benches/scale.rs"]
mod scale;
fn main() {
    scale::main();
}
