//! Errors say what is wrong and what to do.

use std::net::TcpListener;
use std::path::Path;

use anyhow::Result;

use e2e::program::run;

/// Checks that the program refuses with this exit code and that its message contains all of these texts.
fn refuses(data: &Path, args: &[&str], code: i32, says: &[&str]) -> Result<()> {
    let output = run(data, args)?;
    let problem = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(code), "{args:?}: {problem}");
    for text in says {
        assert!(problem.contains(text), "{args:?} does not say {text:?}: {problem}");
    }
    assert!(!problem.contains("panicked"), "{problem}");
    Ok(())
}

const FREE: [&str; 4] = ["--listen", "127.0.0.1:0", "--staff-listen", "127.0.0.1:0"];

#[test]
fn an_unknown_flag_exits_with_2() -> Result<()> {
    let data = tempfile::tempdir()?;
    refuses(data.path(), &["--lisen", "127.0.0.1:0"], 2, &["--lisen", "--listen"])?;
    refuses(data.path(), &["topics", "raed", "order"], 2, &["raed"])
}

#[test]
fn an_origin_with_a_path_is_refused_with_2() -> Result<()> {
    let data = tempfile::tempdir()?;
    refuses(data.path(), &["--origins", "https://shop.example/"], 2, &["--origins", "without a path"])
}

#[test]
fn a_port_in_use_is_reported_with_the_flag_for_another() -> Result<()> {
    let data = tempfile::tempdir()?;
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?.to_string();
    let args = ["--listen", &address, "--staff-listen", "127.0.0.1:0"];
    refuses(data.path(), &args, 1, &[&address, "--listen"])?;
    let args = ["--listen", "127.0.0.1:0", "--staff-listen", &address];
    refuses(data.path(), &args, 1, &[&address, "--staff-listen"])
}

#[test]
fn a_newer_broken_or_empty_data_directory_is_not_changed() -> Result<()> {
    let data = tempfile::tempdir()?;
    let about = data.path().join("shop.json");
    refuses(data.path(), &["topics"], 1, &["there is no shop in", "--data-dir"])?;
    std::fs::write(&about, r#"{"format":99,"kind":"REAL"}"#)?;
    for args in [&FREE[..], &["topics"], &["log", "verify"]] {
        refuses(data.path(), args, 1, &["format 99", "use a newer chorale"])?;
    }
    std::fs::write(&about, "{")?;
    for args in [&FREE[..], &["log", "head"]] {
        refuses(data.path(), args, 1, &["shop.json is broken", "backup"])?;
    }
    std::fs::write(&about, r#"{"format":1,"kind":"REAL"}"#)?;
    refuses(data.path(), &FREE, 1, &["before the first release", "--data-dir"])?;
    let file = data.path().join("file");
    std::fs::write(&file, "not a directory")?;
    refuses(&file, &FREE, 1, &["file"])
}

#[test]
fn a_file_that_is_not_a_log_is_reported_by_name() -> Result<()> {
    let data = tempfile::tempdir()?;
    std::fs::write(data.path().join("shop.json"), r#"{"format":2}"#)?;
    std::fs::write(
        data.path().join("ordering.sqlite"),
        "this is not a database, although it is as long as one",
    )?;
    refuses(data.path(), &FREE, 1, &["ordering"])
}

/// Not even root may create files in the directories of the kernel.
#[cfg(target_os = "linux")]
#[test]
fn a_data_directory_that_may_not_be_written_is_refused_with_1_and_what_to_do() -> Result<()> {
    for data in ["/sys/kernel", "/sys/chorale/data"] {
        let says = [data, "may not write", "Make the data directory writable", "--data-dir"];
        refuses(Path::new(data), &FREE, 1, &says)?;
    }
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_data_directory_that_is_not_text_is_refused_and_nothing_is_created_beside_it() -> Result<()> {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let folder = tempfile::tempdir()?;
    let data = folder.path().join(OsStr::from_bytes(b"shop-\xff"));
    for args in [&FREE[..], &["topics"], &["status"]] {
        refuses(&data, args, 1, &["is not valid UTF-8", "--data-dir"])?;
    }
    assert_eq!(std::fs::read_dir(folder.path())?.count(), 0);
    Ok(())
}
