//! Makes sure that the folder of the built PWA exists, so that a clean clone compiles.
fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/../pwa/dist"))
}
