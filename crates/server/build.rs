//! Puts the built console into the binary: a table of the files of `console/dist`, with their compressed forms.
//!
//! Owns: the table's form. Calls: nothing. Called by: cargo, for `http::console`.
//! Invariants: without a built console the table is empty and everything compiles; a `.br` or `.gz` beside a file is a form of it, and no file of its own.
//! After a crash: cargo runs it again.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn Error>> {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../console/dist");
    // A folder that is missing would look changed to every build. Where it cannot be made, builds are slower and no more.
    let _ = fs::create_dir_all(&dist);
    println!("cargo::rerun-if-changed={}", dist.display());
    let mut files = Vec::new();
    list(&dist, "", &mut files)?;
    files.sort();
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo names no OUT_DIR")?);
    fs::write(out.join("console.rs"), table(&dist, &files)?)?;
    Ok(())
}

/// The files below a folder, by their path from the first, `/` between folders.
fn list(folder: &Path, prefix: &str, files: &mut Vec<String>) -> Result<(), Box<dyn Error>> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        let name =
            entry.file_name().into_string().map_err(|name| format!("{} is no text", name.display()))?;
        // What tools leave for tools is not for browsers.
        if name.starts_with('.') {
            continue;
        }
        let path = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            list(&entry.path(), &format!("{path}/"), files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// Compressed, by the name that the console's build gives it.
fn is_form(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "br" || extension == "gz")
}

fn table(dist: &Path, files: &[String]) -> Result<String, Box<dyn Error>> {
    let dist = dist.canonicalize().unwrap_or_else(|_| dist.to_owned());
    let bytes = |path: &str| format!("include_bytes!({:?})", dist.join(path).to_string_lossy());
    let form = |path: String| {
        if files.contains(&path) { format!("Some({})", bytes(&path)) } else { "None".to_owned() }
    };
    let mut table = String::from("&[\n");
    for path in files.iter().filter(|path| !is_form(path)) {
        let (plain, brotli, gzip) = (bytes(path), form(format!("{path}.br")), form(format!("{path}.gz")));
        writeln!(table, "    File {{ path: {path:?}, plain: {plain}, brotli: {brotli}, gzip: {gzip} }},")?;
    }
    table.push(']');
    Ok(table)
}
