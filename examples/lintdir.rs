fn main() {
    let path = std::env::args().nth(1).unwrap();
    let sources = match realms::folder::read_manifests(path.as_ref()) {
        Ok(s) => s,
        Err(p) => {
            for p in p {
                println!("{p}");
            }
            return;
        }
    };
    match realms::world::manifest::read(&sources) {
        Err(problems) => {
            for p in problems {
                println!("{p}");
            }
        }
        Ok(docs) => {
            println!("{} documents", docs.len());
            for p in realms::world::check::check(&docs) {
                println!("{p}");
            }
            for p in realms::world::lint::lint(&docs) {
                println!("{p}");
            }
        }
    }
}
